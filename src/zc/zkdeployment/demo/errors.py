"""What can go wrong with a demo."""


class DemoFailed(RuntimeError):
    """The demo cannot be played, or did not go as it should; says where to look."""
