#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cpni_guard_fuzz::targets::redact_text(data));
