"""The demo's story: three orders, three disputes and three refunds over real HTTP, written down as data."""
