//! The OpenAPI document and the routes are the same.

use customer_api::Limits;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::Running;
use crate::client::Ask;

/// Each path of the document is a route, with the methods that it says and no others.
#[test]
fn the_document_is_what_is_served() {
    let runtime = Runtime::new().unwrap();
    let running = Running::start(&runtime, 1, Limits { network: u32::MAX, ..Limits::default() });
    let target = running.target();
    let served = target.ask(&Ask::get("/openapi.json"));
    assert_eq!(served.body, include_str!("../../openapi.json"));
    let document: Value = serde_json::from_str(&served.body).unwrap();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 13, "a path more or less: also a change of this test");
    for (path, methods) in paths {
        for method in ["get", "post", "put", "delete", "patch"] {
            let real = path.replace("{order}", &"0".repeat(64)).replace("{change}", &"0".repeat(32));
            let real = real.replace("{lock}", "sim");
            let ask = Ask { method: &method.to_uppercase(), path: &real, ..Ask::default() };
            let is_said = methods.get(method).is_some();
            let answer = target.ask(&ask);
            assert_eq!(answer.status != 405, is_said, "{method} {path}: {}", answer.status);
            assert_ne!(answer.status, 404, "{method} {path}");
        }
        for (_, method) in methods.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            assert!(method["operationId"].is_string(), "{path}");
        }
    }
    running.stop(&runtime);
}
