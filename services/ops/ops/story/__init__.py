"""The demo's story: four orders, four disputes and four refunds over real HTTP, written down as data."""
