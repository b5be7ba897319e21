"""Entitlements: everything that an order may give its buyer a right to, by programme, seller and law."""
