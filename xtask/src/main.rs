//! Project automation: run, demo, test.

fn main() {}
