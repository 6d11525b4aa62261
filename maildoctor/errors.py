"""What maildoctor itself cannot do, told with a finding's anatomy: what, where, and what to do about it."""


class DoctorError(Exception):
    """`what` happened, `where` (a path, an option, a name; may be empty), and `remedy`: what the user can do."""

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} ({where})" if where else what)
        self.what, self.where, self.remedy = what, where, remedy
