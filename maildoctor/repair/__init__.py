"""Steps of a remedy are done, judged, kept or taken back: the only part of maildoctor that changes a host."""
