"""What commands share that ask questions and write a settings file."""
