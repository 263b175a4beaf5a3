//! hello-rust: answers requests with a greeting. Over the C ABI of mortise, without a crate.

#![allow(non_upper_case_globals)]

mod mortise;

use mortise::{Opaque, Option_, Plugin, Request, Text};
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;

/// Set by the server before any request comes, from --hello-rust-greeting.
static mut GREETING: *mut c_char = null_mut();

static mut OPTIONS: [Option_; 2] = [
    Option_ {
        name: Text(c"hello-rust-greeting".as_ptr()),
        kind: mortise::REQUIRED_ARGUMENT,
        shortcut: 0,
        help: Text(c"what to answer (Hello)".as_ptr()),
        func: Some(mortise::uwsgi_opt_set_str),
        data: &raw mut GREETING as *mut Opaque,
        flags: 0,
    },
    mortise::END_OF_OPTIONS,
];

fn greeting_line(greeting: Option<&str>) -> String {
    format!("{}\n", greeting.unwrap_or("Hello"))
}

extern "C" fn answer(request: *mut Request) -> c_int {
    mortise::guarded(|| {
        let text = greeting_line(unsafe { mortise::option_text(GREETING) });
        mortise::respond(request, 200, "text/plain", text.as_bytes())
    })
}

#[no_mangle]
pub static mut hello_rust_plugin: Plugin = Plugin {
    name: Text(c"hello-rust".as_ptr()),
    options: &raw mut OPTIONS as *mut Option_,
    request: Some(answer),
    ..Plugin::EMPTY
};

#[cfg(test)]
mod tests {
    #[test]
    fn the_greeting_is_a_line() {
        assert_eq!(super::greeting_line(Some("Welcome")), "Welcome\n");
        assert_eq!(super::greeting_line(None), "Hello\n");
    }
}
