//! `dash`: the real server, asked by real clients and by hostile ones.

mod api;
mod change;
mod client;
mod full_disk;
mod live;
mod many;
mod safety;
