//! One way to read any YAML file of Aether: [`load`] a file or [`parse`] a text into a [`Node`], [`Node::set`] what the
//! command line overrides, and [`Node::read`] it into any type that serde can fill.
//!
//! Every mistake becomes a [`ConfigError`], which shows the line, a caret below what is wrong, and the nearest valid
//! name. The language is YAML 1.2 with its core schema: `yes` and `1_000` are text, `1e-3` is a number. Anchors,
//! aliases and merge keys (`<<`) work; a tag that is not YAML's own is refused. Nothing a file can hold makes the
//! reader panic, recurse without end, or take more memory than [`limits`] say.

mod carry;
mod de;
mod error;
pub mod limits;
mod load;
mod node;
mod parse;
mod scalar;
mod set;
mod show;
mod source;
pub mod values;
mod words;
mod write;

pub use error::{ConfigError, pass};
pub use load::load;
pub use node::Node;
pub use parse::parse;
pub use values::{BelowOne, Fraction, NonNegative, Positive};
pub use write::{name_or_mapping, to_json, to_yaml};
