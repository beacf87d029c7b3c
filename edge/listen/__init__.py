"""What listens while sound comes in: each takes samples and gives what it heard in them."""
