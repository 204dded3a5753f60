"""The board: a page that shows the alerts topic live, served by a process of its own that can stall nobody."""
