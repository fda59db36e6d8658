//! The few messages of other tools that are written and read, each field with its number there. Fields that are not
//! named are skipped when read.

#![allow(missing_docs, reason = "messages and fields are documented where they are defined, by their owners")]

pub mod otlp;
pub mod tensorboard;
pub mod wandb;
