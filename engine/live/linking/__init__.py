"""Which event, market and selection at a venue is one of ours: links that are proposed, stored, and confirmed."""
