"""What people configure, checked."""
