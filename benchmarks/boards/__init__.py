"""What boards that are not here would need, predicted from counted instructions."""
