"""What was known at an instant: prices in force, best prices, closing prices, consensus, and views for decisions."""
