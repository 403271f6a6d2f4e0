//! The single entry for people and CI.

fn main() {}
