"""What the processes of one gateway share: its state folder, its ports, its signals, its end."""
