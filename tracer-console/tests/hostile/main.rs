//! What must not harm a console: who may not ask, and documents and requests that are made to hurt (C5).

mod access;
mod documents;
mod floods;
#[allow(dead_code, reason = "some of it is for the tests of `serve`")]
#[path = "../serve/serving.rs"]
mod serving;
mod serving_store;
