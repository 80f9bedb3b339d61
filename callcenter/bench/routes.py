"""What is asked of the server that is measured."""

VOICE = "/twilio/voice"
CALL_STATUS = "/twilio/call-status"
FLOOR = "/bench/floor"
CPU = "/bench/cpu"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'
SIGNAL = "/bench/signal"
ASKED = "/bench/asked"
