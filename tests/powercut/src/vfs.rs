//! The VFS that puts SQLite on [`disk`]: translation of C calls, nothing else.
//!
//! It is registered as the default, so the library, which opens its files by path, uses it without
//! knowing. <https://sqlite.org/vfs.html>

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{Ordering, fence};
use std::thread;

use rusqlite::ffi;

use crate::disk::{Code, Handle, REGION, disk};

/// What SQLite holds for an open file.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// INVARIANT: from `Box::into_raw` in `x_open`, freed in `x_close` only.
    handle: *mut Handle,
}

struct Registered(#[expect(dead_code, reason = "SQLite holds pointers into it")] Box<ffi::sqlite3_vfs>);

// SAFETY: the box is never touched again from Rust; SQLite guards its list of VFSs with a mutex.
unsafe impl Send for Registered {}
// SAFETY: as above.
unsafe impl Sync for Registered {}

/// Makes the shim the default VFS of this process. Before any file is opened.
pub fn register() {
    static REGISTERED: OnceLock<Registered> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        // SAFETY: null asks for the default VFS, which lives as long as the process.
        let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()).as_ref() }.expect("SQLite has a VFS");
        let mut vfs = Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: size_of::<File>() as c_int,
            mxPathname: system.mxPathname,
            pNext: ptr::null_mut(),
            zName: c"powercut".as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(x_open),
            xDelete: Some(x_delete),
            xAccess: Some(x_access),
            xFullPathname: Some(x_full_pathname),
            // Nothing is loaded; time, sleep and randomness are the system's own, whose functions
            // do not look at the VFS that they are called with.
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: system.xRandomness,
            xSleep: system.xSleep,
            xCurrentTime: system.xCurrentTime,
            xGetLastError: None,
            xCurrentTimeInt64: system.xCurrentTimeInt64,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: the VFS is in a static from here on; the extension has the type that SQLite calls
        // (<https://sqlite.org/c3ref/auto_extension.html>).
        let codes = unsafe {
            [ffi::sqlite3_vfs_register(&mut *vfs, 1), ffi::sqlite3_auto_extension(Some(switch_sync_off))]
        };
        assert_eq!(codes, [ffi::SQLITE_OK; 2], "SQLite took the VFS");
        Registered(vfs)
    });
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(x_close),
    xRead: Some(x_read),
    xWrite: Some(x_write),
    xTruncate: Some(x_truncate),
    xSync: Some(x_sync),
    xFileSize: Some(x_file_size),
    xLock: Some(x_lock),
    xUnlock: Some(x_unlock),
    xCheckReservedLock: Some(x_check_reserved_lock),
    xFileControl: Some(x_file_control),
    xSectorSize: Some(x_sector_size),
    xDeviceCharacteristics: Some(x_device_characteristics),
    xShmMap: Some(x_shm_map),
    xShmLock: Some(x_shm_lock),
    xShmBarrier: Some(x_shm_barrier),
    xShmUnmap: Some(x_shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Every new connection begins with `synchronous=OFF` while the disk says so.
unsafe extern "C" fn switch_sync_off(
    db: *mut ffi::sqlite3,
    _: *mut *mut c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    // Not held while SQLite runs: the statement reads the file.
    let off = disk().synchronous_off;
    if !off {
        return ffi::SQLITE_OK;
    }
    // SAFETY: SQLite calls this with an open connection.
    unsafe {
        ffi::sqlite3_exec(db, c"PRAGMA synchronous=OFF".as_ptr(), None, ptr::null_mut(), ptr::null_mut())
    }
}

fn code(result: Result<(), Code>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// SAFETY: `file` was opened by `x_open` and not closed since, as SQLite promises to its VFSs.
unsafe fn handle<'h>(file: *mut ffi::sqlite3_file) -> &'h Handle {
    // SAFETY: by the caller's promise and the invariant of `File::handle`.
    unsafe { &*(*file.cast::<File>()).handle }
}

/// SAFETY: `name` is null or a C string that outlives the call.
unsafe fn text<'t>(name: *const c_char) -> Option<&'t str> {
    if name.is_null() {
        return None;
    }
    // SAFETY: by the caller's promise.
    unsafe { CStr::from_ptr(name) }.to_str().ok()
}

unsafe extern "C" fn x_open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let file = file.cast::<File>();
    // SAFETY: SQLite gives `szOsFile` bytes, and a name that is null or a C string.
    let name = unsafe {
        (*file).base.pMethods = ptr::null();
        text(name)
    };
    let exists = name.is_some_and(|name| Path::new(name).exists());
    match disk().open(name, flags, exists) {
        Ok((handle, given)) => {
            // SAFETY: as above; `out_flags` may be null.
            unsafe {
                (*file).handle = Box::into_raw(Box::new(handle));
                (*file).base.pMethods = &METHODS;
                if let Some(out) = out_flags.as_mut() {
                    *out = given;
                }
            }
            ffi::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn x_close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes once, and uses the file no more.
    let handle = unsafe { Box::from_raw((*file.cast::<File>()).handle) };
    disk().close(&handle);
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite gives a C string.
    let name = unsafe { text(name) };
    code(name.ok_or(ffi::SQLITE_IOERR_DELETE).and_then(|name| disk().delete(name, sync_folder != 0)))
}

unsafe extern "C" fn x_access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    let name = unsafe { text(name) };
    match disk().exists(name.unwrap_or_default()) {
        Ok(exists) => {
            // SAFETY: SQLite gives a place for the answer.
            unsafe { *result = c_int::from(exists) };
            ffi::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn x_full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    len: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > len as usize {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `len` bytes, and is not the name.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_read(file: *mut ffi::sqlite3_file, buffer: *mut c_void, len: c_int, at: i64) -> c_int {
    // SAFETY: the buffer has `len` bytes, which need not be initialised: they are zeroed first.
    let (handle, buffer) = unsafe {
        ptr::write_bytes(buffer.cast::<u8>(), 0, len as usize);
        (handle(file), std::slice::from_raw_parts_mut(buffer.cast::<u8>(), len as usize))
    };
    code(disk().read(handle, at as usize, buffer))
}

unsafe extern "C" fn x_write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    len: c_int,
    at: i64,
) -> c_int {
    // SAFETY: SQLite gives `len` bytes.
    let (handle, bytes) =
        unsafe { (handle(file), std::slice::from_raw_parts(bytes.cast::<u8>(), len as usize)) };
    code(disk().write(handle, at as usize, bytes))
}

unsafe extern "C" fn x_truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    // SAFETY: an open file.
    code(disk().truncate(unsafe { handle(file) }, len as usize))
}

unsafe extern "C" fn x_sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let slowness = disk().slowness(handle);
    thread::sleep(slowness);
    code(disk().sync(handle))
}

unsafe extern "C" fn x_file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: an open file.
    match disk().size(unsafe { handle(file) }) {
        Ok(len) => {
            // SAFETY: SQLite gives a place for the answer.
            unsafe { *size = len as i64 };
            ffi::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn x_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    code(disk().lock(unsafe { handle(file) }, level))
}

unsafe extern "C" fn x_unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    disk().unlock(unsafe { handle(file) }, level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe { *result = c_int::from(disk().is_reserved(handle(file))) };
    ffi::SQLITE_OK
}

/// Keeps `PRAGMA synchronous` from SQLite while the disk says so, but for the one that switches it off:
/// `SQLITE_OK` means that the VFS has done it (<https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html>).
unsafe extern "C" fn x_file_control(_: *mut ffi::sqlite3_file, op: c_int, argument: *mut c_void) -> c_int {
    if op != ffi::SQLITE_FCNTL_PRAGMA {
        return ffi::SQLITE_NOTFOUND;
    }
    let words = argument.cast::<*const c_char>();
    // SAFETY: for this operation the argument is three C strings, the last null where there is no value.
    let (name, value) = unsafe { (text(*words.add(1)), text(*words.add(2))) };
    let is_kept = name == Some("synchronous") && value.is_some_and(|value| value != "OFF");
    if is_kept && disk().synchronous_off { ffi::SQLITE_OK } else { ffi::SQLITE_NOTFOUND }
}

/// As SQLite's own VFS for Unix, so that SQLite does here what it does there.
unsafe extern "C" fn x_sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// As SQLite's own VFS for Unix.
unsafe extern "C" fn x_device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn x_shm_map(
    file: *mut ffi::sqlite3_file,
    number: c_int,
    size: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    if let Err(code) = disk().alive(handle, ffi::SQLITE_IOERR_SHMMAP) {
        return code;
    }
    if size as usize != REGION {
        return ffi::SQLITE_IOERR_SHMSIZE;
    }
    let region = handle.index.region(number as usize, make != 0);
    // SAFETY: SQLite gives a place for the answer. The region outlives the handle's hold on its index.
    unsafe { *out = region.unwrap_or(ptr::null_mut()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_shm_lock(file: *mut ffi::sqlite3_file, first: c_int, n: c_int, flags: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let slots = ((1_u16 << n) - 1) << first;
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        handle.index.unlock(handle, slots);
        return ffi::SQLITE_OK;
    }
    if let Err(code) = disk().alive(handle, ffi::SQLITE_IOERR_SHMLOCK) {
        return code;
    }
    let taken = handle.index.lock(handle, slots, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0);
    if taken { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

unsafe extern "C" fn x_shm_barrier(_: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

/// The memory goes with the last handle.
unsafe extern "C" fn x_shm_unmap(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}
