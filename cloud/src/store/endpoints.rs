//! The operations about who is told what happens at an event: endpoints that webhooks go to, and news that programs listen to.

use futures_util::future::try_join_all;
use usher_keys::EventId;

use crate::ids::{EndpointId, WebhookId};
use crate::webhooks::news::{NewsPage, NewsQuery, OpenNews};
use crate::webhooks::{
    DueWebhooks, NewEndpoint, NoteWebhooks, RemoveEndpoint, ReplayWebhook, ResealEndpoint, RotateSecret,
    TestEndpoint, Webhook, WebhookEndpoint, WebhooksQuery,
};

use super::postgres::Concerns;
use super::{Store, StoreError, cells, operations};

operations! {
    writes {
        /// Adds an endpoint; `false` when its event has as many as it can.
        add_endpoint(NewEndpoint) -> bool = operations::webhooks::add_endpoint;
        /// Gives an endpoint another secret; tells whether there is one.
        rotate_secret(RotateSecret) -> bool = operations::webhooks::rotate_secret;
        /// Puts secrets that are sealed anew in place of what they were; tells whether they were still those.
        reseal_endpoint(ResealEndpoint) -> bool = operations::webhooks::reseal_endpoint;
        /// Removes an endpoint with all that it was to be told; tells whether there was one.
        remove_endpoint(RemoveEndpoint) -> bool = operations::webhooks::remove_endpoint;
        /// Tells an endpoint a test; `None` when there is none.
        test_endpoint(TestEndpoint) -> Option<WebhookId> = operations::webhooks::test_endpoint;
        /// Begins to tell a webhook anew; `false` when there is none, or it waits already.
        replay_webhook(ReplayWebhook) -> bool = operations::webhooks::replay_webhook;
        /// Writes down what came of trying to tell webhooks, and lets the job of their endpoint wait or end.
        note_webhooks(NoteWebhooks) -> () = operations::webhooks::note_webhooks;
        /// Begins to write down what happens at an event, and forgets old news; tells the number of the newest.
        open_news(OpenNews) -> u64 = operations::news::open_news;
    }
    reads {
        /// Finds an endpoint.
        endpoint(EndpointId) -> Option<WebhookEndpoint> = operations::webhooks::endpoint;
        /// Lists the endpoints of an event, the first one first.
        endpoints(EventId) -> Vec<WebhookEndpoint> = operations::webhooks::endpoints;
        /// Finds a webhook.
        webhook(WebhookId) -> Option<Webhook> = operations::webhooks::webhook;
        /// Lists what an endpoint is to be told now.
        due_webhooks(DueWebhooks) -> Vec<Webhook> = operations::webhooks::due_webhooks;
        /// Lists webhooks of an endpoint, the newest first.
        webhooks(WebhooksQuery) -> Vec<Webhook> = operations::webhooks::webhooks;
        /// Lists the news of an event after a number.
        news(NewsQuery) -> NewsPage = operations::news::news;
    }
    gathers {
        /// Lists all endpoints.
        all_endpoints(()) -> Vec<WebhookEndpoint> = operations::webhooks::all_endpoints, cells::one_list;
    }
}
