//! The table of operations and roles in `docs/API.md`, and that the OpenAPI document tells the same of each route.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use usher_cloud::rights::{Operation, StaffRole};

use super::client::Cloud;

const BEGIN: &str = "<!-- roles: written by the test named above -->\n";
const END: &str = "<!-- end of roles -->\n";

/// Lists the routes of organizers by their operation.
fn routes_by_operation(document: &Value) -> BTreeMap<String, Vec<String>> {
    let mut routes = BTreeMap::<String, Vec<String>>::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let operation = &described["x-usher-operation"];
            let is_of_organizers = path.starts_with("/v1/organizer");
            assert_eq!(operation.is_string(), is_of_organizers, "{method} {path}");
            if let Some(name) = operation.as_str() {
                let path = path.trim_start_matches("/v1/organizer");
                let route = format!("`{} {path}`", method.to_uppercase());
                routes.entry(name.to_owned()).or_default().push(route);
            }
        }
    }
    routes
}

fn table(routes: &BTreeMap<String, Vec<String>>) -> String {
    let roles = StaffRole::ALL.map(|role| format!("`{}`", role.word()));
    let mut table = format!("\n| operation | {} | routes |\n", roles.join(" | "));
    writeln!(table, "|---|{}---|", "---|".repeat(roles.len())).unwrap();
    for operation in Operation::ALL {
        let cells = StaffRole::ALL.map(|role| if role.may(*operation) { "yes" } else { "" });
        let routes = routes[operation.name()].join(", ");
        writeln!(
            table,
            "| `{}` | {} | {routes} |",
            operation.name(),
            cells.join(" | ")
        )
        .unwrap();
    }
    table + "\n"
}

#[tokio::test]
async fn the_page_lists_the_roles_that_may_do_each_operation() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let table = table(&routes_by_operation(&document));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (told, after) = rest.split_once(END).unwrap();
    if told != table {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("roles");
        std::fs::create_dir_all(&folder).unwrap();
        let fresh = folder.join("API.md");
        std::fs::write(&fresh, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        panic!(
            "docs/API.md tells other roles than the code; to refresh it: cp {} docs/API.md",
            fresh.display()
        );
    }
}

#[tokio::test]
async fn the_document_tells_of_each_route_which_roles_may_use_it() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let told = routes_by_operation(&document);
    let names: BTreeSet<_> = told.keys().map(String::as_str).collect();
    let all: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!(names, all);
    let revoke = &document["paths"]["/v1/organizer/events/{event_id}/tickets/{ticket_id}/revoke"]["post"];
    assert_eq!(revoke["x-usher-operation"], "revoke_ticket");
    assert_eq!(revoke["x-usher-roles"], json!(["owner", "manager", "box_office"]));
    let refused = revoke["responses"]["403"]["description"].as_str().unwrap();
    assert!(refused.contains("role"), "{refused}");
}
