// SPDX-License-Identifier: MIT
//! How every call fails.

use std::ffi::CStr;
use std::fmt;

use skep_sys as sys;

/// What a call of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($kind:ident = $status:ident,)*) => {
        /// What went wrong: the statuses of skep.h, where each is explained.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $(#[allow(missing_docs)] $kind,)*
            /// A status that this version of the crate does not know.
            Other(i32),
        }

        impl ErrorKind {
            fn from_status(status: sys::skep_status) -> Self {
                match status {
                    $(sys::$status => ErrorKind::$kind,)*
                    other => ErrorKind::Other(other),
                }
            }

            /// The number in skep.h.
            pub fn status(self) -> i32 {
                match self {
                    $(ErrorKind::$kind => sys::$status,)*
                    ErrorKind::Other(status) => status,
                }
            }
        }
    };
}

kinds! {
    InvalidArgument = SKEP_INVALID_ARGUMENT,
    InvalidDimension = SKEP_INVALID_DIMENSION,
    DimensionMismatch = SKEP_DIMENSION_MISMATCH,
    NotFinite = SKEP_NOT_FINITE,
    InvalidKey = SKEP_INVALID_KEY,
    DuplicateKey = SKEP_DUPLICATE_KEY,
    KeyNotFound = SKEP_KEY_NOT_FOUND,
    InvalidK = SKEP_INVALID_K,
    UnsupportedType = SKEP_UNSUPPORTED_TYPE,
    Unsupported = SKEP_UNSUPPORTED,
    LimitExceeded = SKEP_LIMIT_EXCEEDED,
    UnknownDevice = SKEP_UNKNOWN_DEVICE,
    DeviceNotAvailable = SKEP_DEVICE_NOT_AVAILABLE,
    DeviceFailed = SKEP_DEVICE_FAILED,
    DeviceLost = SKEP_DEVICE_LOST,
    CompilationFailed = SKEP_COMPILATION_FAILED,
    WrongMemory = SKEP_WRONG_MEMORY,
    OutOfHostMemory = SKEP_OUT_OF_HOST_MEMORY,
    OutOfDeviceMemory = SKEP_OUT_OF_DEVICE_MEMORY,
    Cancelled = SKEP_CANCELLED,
    DeadlineExceeded = SKEP_DEADLINE_EXCEEDED,
    Busy = SKEP_BUSY,
    FileNotFound = SKEP_FILE_NOT_FOUND,
    FileNotReadable = SKEP_FILE_NOT_READABLE,
    FileNotWritable = SKEP_FILE_NOT_WRITABLE,
    FileUnknownFormat = SKEP_FILE_UNKNOWN_FORMAT,
    FileTruncated = SKEP_FILE_TRUNCATED,
    FileCorrupt = SKEP_FILE_CORRUPT,
    FileTooNew = SKEP_FILE_TOO_NEW,
    FileImpossibleSize = SKEP_FILE_IMPOSSIBLE_SIZE,
    DiskFull = SKEP_DISK_FULL,
    IoFailed = SKEP_IO_FAILED,
    ManifestInvalid = SKEP_MANIFEST_INVALID,
    PathNotTrusted = SKEP_PATH_NOT_TRUSTED,
    LibraryNotLoadable = SKEP_LIBRARY_NOT_LOADABLE,
    EntrySymbolMissing = SKEP_ENTRY_SYMBOL_MISSING,
    AbiMismatch = SKEP_ABI_MISMATCH,
    OperationMissing = SKEP_OPERATION_MISSING,
    RequirementNotMet = SKEP_REQUIREMENT_NOT_MET,
    BackendNameClash = SKEP_BACKEND_NAME_CLASH,
    Vetoed = SKEP_VETOED,
    Internal = SKEP_INTERNAL,
    BackendMisbehaved = SKEP_BACKEND_MISBEHAVED,
}

impl fmt::Display for ErrorKind {
    /// The name in skep.h: "SKEP_DUPLICATE_KEY".
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: takes any number and returns a static text.
        let name = unsafe { CStr::from_ptr(sys::skep_status_name(self.status())) };
        out.write_str(&name.to_string_lossy())
    }
}

/// Where an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layer {
    /// The checks of what was passed, in libskep or in this crate.
    Client,
    /// libskep itself: files, registry, collections.
    Core,
    /// Finding and loading backends.
    Loader,
    /// A backend.
    Backend,
    /// The driver under a backend; [`Error::native_code`] is its number.
    Driver,
    /// Nobody said.
    Unknown,
}

/// A failed call: what went wrong, where, and a text that names operation, value and expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    layer: Layer,
    native_code: i64,
    message: String,
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Error::client(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn client(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error { kind, layer: Layer::Client, native_code: 0, message: message.into() }
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where.
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// errno or a driver's result, where there is one; 0 otherwise.
    pub fn native_code(&self) -> i64 {
        self.native_code
    }

    /// Operation, value, expectation.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Makes a call that takes its error last, and turns its status into a Result.
pub(crate) fn check(call: impl FnOnce(*mut sys::skep_error) -> sys::skep_status) -> Result<()> {
    let mut error = sys::skep_error {
        struct_size: std::mem::size_of::<sys::skep_error>() as u32,
        code: 0,
        layer: 0,
        reserved: 0,
        native_code: 0,
        message: [0; sys::SKEP_ERROR_MESSAGE_BYTES],
    };
    let status = call(&mut error);
    if status == sys::SKEP_OK {
        return Ok(());
    }
    // SAFETY: message is NUL-terminated within the struct.
    let message = unsafe { CStr::from_ptr(error.message.as_ptr()) };
    Err(Error {
        kind: ErrorKind::from_status(status),
        layer: match error.layer {
            sys::SKEP_LAYER_CLIENT => Layer::Client,
            sys::SKEP_LAYER_CORE => Layer::Core,
            sys::SKEP_LAYER_LOADER => Layer::Loader,
            sys::SKEP_LAYER_BACKEND => Layer::Backend,
            sys::SKEP_LAYER_DRIVER => Layer::Driver,
            _ => Layer::Unknown,
        },
        native_code: error.native_code,
        message: message.to_string_lossy().into_owned(),
    })
}
