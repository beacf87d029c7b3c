"""Live text: how soon it comes, how much of it stays, and what it costs."""
