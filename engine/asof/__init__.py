"""What was knowable at an instant: prices in force, closing prices, consensus, decisions."""
