"""The part of Twilio's REST API the product uses, under Twilio's paths and in Twilio's shapes."""
