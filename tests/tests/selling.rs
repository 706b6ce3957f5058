//! The cloud as a program, from a buyer's and an organizer's side.

use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, SEATED, STANDING};
use usher_tests::stage::programs::Program;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_the_cloud_draws_is_read_back_from_its_picture() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let buyer = stage.buyer();
    for tier in [SEATED, STANDING] {
        let ticket = buyer.buy_one(tier).await?;
        let file = buyer.save_code(&ticket, &stage.path("")).await?;
        let read = stage
            .programs
            .run(Program::Scan, &["decode".as_ref(), file.as_os_str()])
            .await?;
        assert_eq!(read, format!("{}\t{}", file.display(), ticket.payload));
    }
    Ok(())
}
