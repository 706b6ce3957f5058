//! Empty stores whose tables were made once: each case begins with a copy, since making them takes longer than most cases do.

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::store::Store;
use crate::store::contract::server;
use crate::store::location::StoreLocation;

const FILE: &str = "tables.db";

/// Puts an empty store where there is none.
pub async fn lay(file: &Path) {
    static MADE: OnceCell<TempDir> = OnceCell::const_new();
    if !file.exists() {
        let made = MADE.get_or_init(make_file).await;
        std::fs::copy(made.path().join(FILE), file).unwrap();
    }
}

async fn make_file() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    make(&StoreLocation::File(folder.path().join(FILE))).await;
    folder
}

/// Makes a database with an empty store, and returns its URL.
pub async fn new_database() -> String {
    static MADE: OnceCell<String> = OnceCell::const_new();
    let made = MADE.get_or_init(make_database).await;
    let copy = || usher_test_postgres::copy_of(made);
    tokio::task::spawn_blocking(copy).await.unwrap()
}

async fn make_database() -> String {
    let url = tokio::task::spawn_blocking(usher_test_postgres::new_database)
        .await
        .unwrap();
    make(&server::location(&url)).await;
    url
}

async fn make(location: &StoreLocation) {
    Store::open(location).await.unwrap().close().await;
}
