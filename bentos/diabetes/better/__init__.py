"""The better version: laboratory values too."""
