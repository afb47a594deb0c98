"""What is there while the window is not: the icon in the tray, the small window for a quick question, notices."""
