//! Native multi-camera live server.

fn main() {}
