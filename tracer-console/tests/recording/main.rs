//! `export` and `import`: what goes out comes back, as lines and as a page that a real browser opens.

mod browser;
mod commands;
mod corpus;
mod round_trip;
mod running;
