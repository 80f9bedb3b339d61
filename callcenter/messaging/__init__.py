"""What leaves for patients: outbox, delivery, receipts."""
