//! Generated protobuf of lictor.v1 and its conversions to domain values.
