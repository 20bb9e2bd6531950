//! The open subsegment of a downstream call, of which there is none.

use std::error::Error;

use crate::error_flag::ErrorFlag;
use crate::namespace::Namespace;

#[derive(Debug)]
pub(crate) enum Downstream {}

impl Downstream {
    #[inline]
    pub(crate) const fn traces_http() -> bool {
        false
    }

    pub(crate) const fn header_to_pass_on() -> Option<String> {
        None
    }

    #[inline]
    pub(crate) fn open(_: &str, _: Namespace) -> Option<Self> {
        None
    }

    #[inline]
    pub(crate) fn open_ended(_: &str, _: Namespace, _: std::time::Duration) -> Option<Self> {
        None
    }

    pub(crate) fn trace_header(&self) -> Option<String> {
        match *self {}
    }

    pub(crate) fn collects_sql_queries(&self) -> bool {
        match *self {}
    }

    pub(crate) fn put_metadata(&self, _: &str, _: &(impl serde::Serialize + ?Sized)) {
        match *self {}
    }

    pub(crate) fn put_sql(&self, _: &str, _: &str) {
        match *self {}
    }

    pub(crate) fn put_http_request(&self, _: &str, _: &str) {
        match *self {}
    }

    pub(crate) fn put_http_response(&self, _: u16, _: Option<u64>) {
        match *self {}
    }

    pub(crate) fn put_content_length(&self, _: u64) {
        match *self {}
    }

    pub(crate) fn flag(&self, _: ErrorFlag) {
        match *self {}
    }

    pub(crate) fn fail(&self, _: ErrorFlag, _: &(dyn Error + '_)) {
        match *self {}
    }

    pub(crate) fn fail_by_answer(&self, _: ErrorFlag, _: &str, _: &str) {
        match *self {}
    }

    pub(crate) fn close(self) {
        match self {}
    }
}
