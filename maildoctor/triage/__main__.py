"""`python -m maildoctor.triage [FILE…]`: what is wrong with rule files, samples and speed included."""

import sys

from maildoctor.triage.validation import main

sys.exit(main(sys.argv[1:]))
