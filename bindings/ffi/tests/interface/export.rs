//! The log in parts, as a forwarder to a SIEM asks for them.

use std::sync::Arc;

use cpni_guard::oversight::export::ExportFormat;
use cpni_guard_ffi::{AuditLog, ExportFrom, ExportMark, ExportPart};

use crate::fixture::*;

fn log(carrier: &Carrier) -> Arc<AuditLog> {
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    call.view(&sealed, &request(&["plan", "ssn"])).unwrap();
    call.end().unwrap();
    carrier.guard.clone().audit().unwrap()
}

fn part(log: &AuditLog, format: ExportFormat, from: ExportFrom, most: u32) -> ExportPart {
    log.export(format, from, most, Some("carrier-1".to_owned()), None).unwrap()
}

fn after(mark: &ExportMark) -> ExportFrom {
    ExportFrom::Mark { mark: mark.clone() }
}

#[test]
fn the_parts_are_the_whole() {
    let carrier = Carrier::new();
    let log = log(&carrier);
    for format in [ExportFormat::Ocsf, ExportFormat::Cef] {
        let whole = part(&log, format, ExportFrom::Number { next: 0 }, u32::MAX);
        assert_eq!((whole.exported, whole.not_exported, whole.more), (log.size().unwrap(), 0, false));
        assert_eq!(whole.lines.lines().count() as u64, whole.exported);
        assert!(whole.lines.lines().all(|line| line.contains("carrier-1")));

        let mut lines = String::new();
        let mut some = part(&log, format, ExportFrom::Number { next: 0 }, 2);
        while some.more {
            assert_eq!((some.exported, some.lines.lines().count()), (2, 2));
            let again = part(&log, format, after(&some.mark), 2);
            assert_eq!(part(&log, format, after(&some.mark), 2), again, "asked twice, the same");
            lines.push_str(&some.lines);
            some = again;
        }
        lines.push_str(&some.lines);
        assert_eq!((lines, &some.mark), (whole.lines, &whole.mark));
        let nothing = part(&log, format, after(&whole.mark), 10);
        assert_eq!((nothing.lines.as_str(), nothing.exported, nothing.mark), ("", 0, whole.mark));
    }
}

#[test]
fn another_log_and_a_mark_that_is_none_are_refused() {
    let (carrier, other) = (Carrier::new(), Carrier::new());
    let (log, other) = (log(&carrier), log(&other));
    let ask = |from| code(log.export(ExportFormat::Cef, from, 10, None, None));
    let mark = part(&other, ExportFormat::Cef, ExportFrom::Number { next: 0 }, 3).mark;
    assert_eq!(ask(after(&mark)), 9403);
    assert_eq!(ask(ExportFrom::Number { next: 10_000 }), 9404);
    let mut own = part(&log, ExportFormat::Cef, ExportFrom::Number { next: 0 }, 3).mark;
    own.last.as_mut().unwrap().leaf[0] ^= 1;
    assert_eq!(ask(after(&own)), 9403, "written anew");
    own.last.as_mut().unwrap().leaf.pop();
    assert_eq!(ask(after(&own)), 9302);
    own.last = None;
    own.log.push(0);
    assert_eq!(ask(after(&own)), 9302);
    carrier.guard.shut_down().unwrap();
    assert_eq!(ask(ExportFrom::Number { next: 0 }), 9301);
}
