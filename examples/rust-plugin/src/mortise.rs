//! What this plugin uses of mortise's plugin ABI 1.0: the tables as <uwsgi.h> lays them out, the note that tells the
//! server so, and a few of its functions. Requests are not looked into; their variables come from functions.

use std::ffi::{c_char, c_int, c_void, CStr};
use std::mem::{offset_of, size_of};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::{null, null_mut};

pub type Opaque = c_void;
pub enum Request {}

/// A NUL-terminated text that lives for ever.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Text(pub *const c_char);

pub const REQUIRED_ARGUMENT: c_int = 1;

/// struct uwsgi_option.
#[repr(C)]
pub struct Option_ {
    pub name: Text,
    pub kind: c_int,
    pub shortcut: c_int,
    pub help: Text,
    pub func: Option<unsafe extern "C" fn(*mut c_char, *mut c_char, *mut Opaque)>,
    pub data: *mut Opaque,
    pub flags: u64,
}
pub const END_OF_OPTIONS: Option_ =
    Option_ { name: Text(null()), kind: 0, shortcut: 0, help: Text(null()), func: None, data: null_mut(), flags: 0 };

/// struct uwsgi_plugin; the hooks that this plugin does not set are one array each.
#[repr(C)]
pub struct Plugin {
    pub name: Text,
    pub alias: Text,
    pub modifier1: u8,
    pub data: *mut Opaque,
    pub on_load: Option<extern "C" fn()>,
    pub init: Option<extern "C" fn() -> c_int>,
    pub post_init: Option<extern "C" fn()>,
    pub post_fork: Option<extern "C" fn()>,
    pub options: *mut Option_,
    pub enable_threads: Option<extern "C" fn()>,
    pub init_thread: Option<extern "C" fn(c_int)>,
    pub request: Option<extern "C" fn(*mut Request) -> c_int>,
    pub after_request: Option<extern "C" fn(*mut Request)>,
    pub later_hooks: [usize; 38],
}
impl Plugin {
    pub const EMPTY: Plugin = Plugin {
        name: Text(null()),
        alias: Text(null()),
        modifier1: 0,
        data: null_mut(),
        on_load: None,
        init: None,
        post_init: None,
        post_fork: None,
        options: null_mut(),
        enable_threads: None,
        init_thread: None,
        request: None,
        after_request: None,
        later_hooks: [0; 38],
    };
}

// What <uwsgi.h> has on 64 bit machines: a slip in the declarations above does not compile.
const _: () = assert!(size_of::<Option_>() == 48);
const _: () = assert!(size_of::<Plugin>() == 51 * 8);
const _: () = assert!(offset_of!(Plugin, init) == 40);
const _: () = assert!(offset_of!(Plugin, options) == 64);
const _: () = assert!(offset_of!(Plugin, request) == 88);

/// The ABI note, which the server reads before it loads the file. A size of 0: never looked into from here.
#[repr(C, align(4))]
struct Note {
    name_bytes: u32,
    descriptor_bytes: u32,
    kind: u32,
    owner: [u8; 8],
    abi_major: u16,
    abi_minor: u16,
    features: u32,
    plugin_bytes: u32,
    request_bytes: u32,
    worker_bytes: u32,
    sdk_release: u32,
}
#[used]
#[link_section = ".note.mortise.abi"]
static NOTE: Note = Note {
    name_bytes: 8,
    descriptor_bytes: 24,
    kind: 1,
    owner: *b"mortise\0",
    abi_major: 1,
    abi_minor: 0,
    features: 0,
    plugin_bytes: size_of::<Plugin>() as u32,
    request_bytes: 0,
    worker_bytes: 0,
    sdk_release: 0x000100,
};
const _: () = assert!(size_of::<Note>() == 44);

// Functions of the server; the test program has stand-ins, for there is no server in it.
#[cfg(not(test))]
extern "C" {
    pub fn uwsgi_opt_set_str(name: *mut c_char, value: *mut c_char, data: *mut Opaque);
    fn uwsgi_log(format: *const c_char, ...);
    fn uwsgi_response_prepare_headers_int(request: *mut Request, status: c_int) -> c_int;
    fn uwsgi_response_add_content_type(request: *mut Request, text: *const c_char, bytes: u16) -> c_int;
    fn uwsgi_response_add_content_length(request: *mut Request, bytes: u64) -> c_int;
    fn uwsgi_response_write_body_do(request: *mut Request, bytes: *const c_char, len: usize) -> c_int;
}
#[cfg(test)]
mod stand_ins {
    use super::*;
    pub unsafe extern "C" fn uwsgi_opt_set_str(_: *mut c_char, _: *mut c_char, _: *mut Opaque) {}
    pub unsafe fn uwsgi_log(_: *const c_char, _: *const c_char) {}
    pub unsafe fn uwsgi_response_prepare_headers_int(_: *mut Request, _: c_int) -> c_int {
        0
    }
    pub unsafe fn uwsgi_response_add_content_type(_: *mut Request, _: *const c_char, _: u16) -> c_int {
        0
    }
    pub unsafe fn uwsgi_response_add_content_length(_: *mut Request, _: u64) -> c_int {
        0
    }
    pub unsafe fn uwsgi_response_write_body_do(_: *mut Request, _: *const c_char, _: usize) -> c_int {
        0
    }
}
#[cfg(test)]
pub use stand_ins::*;

/// Runs a hook's work: a panic must not cross into C. -1 when there is one.
pub fn guarded<F: FnOnce() -> c_int>(work: F) -> c_int {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        unsafe { uwsgi_log(c"%s\n".as_ptr(), c"a panic was caught".as_ptr()) };
        -1
    })
}

/// The value of a text option, if it was given.
///
/// # Safety
/// `value` is what uwsgi_opt_set_str() stored, or null.
pub unsafe fn option_text(value: *const c_char) -> Option<&'static str> {
    if value.is_null() {
        return None;
    }
    CStr::from_ptr(value).to_str().ok()
}

/// A whole response: UWSGI_OK, or -1 when the client is gone.
pub fn respond(request: *mut Request, status: c_int, kind: &str, body: &[u8]) -> c_int {
    unsafe {
        if uwsgi_response_prepare_headers_int(request, status) != 0
            || uwsgi_response_add_content_type(request, kind.as_ptr() as *const c_char, kind.len() as u16) != 0
            || uwsgi_response_add_content_length(request, body.len() as u64) != 0
        {
            return -1;
        }
        uwsgi_response_write_body_do(request, body.as_ptr() as *const c_char, body.len())
    }
}
