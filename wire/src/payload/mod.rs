//! The `Payload` message.
