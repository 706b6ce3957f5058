//! The contract of the store: every operation, with its refusals, the same on every engine.

mod access_tokens;
mod acts;
mod api_keys;
mod blocks;
mod booking_lists;
mod bookings;
mod bounds;
mod canceling;
pub mod case;
mod catalogue;
mod cell_lines;
mod charges;
mod comps;
pub mod devices;
mod holders;
mod holds;
mod inventory;
mod invoices;
mod jobs;
mod kept_answers;
mod keys;
mod letters;
mod links;
mod logs;
mod mailings;
mod model;
mod news;
mod organizing;
mod price_steps;
mod proofs;
mod races;
mod refunds;
mod reports;
mod retention;
mod seals;
mod search;
pub mod server;
mod severed;
mod staff;
mod tables;
mod tills;
mod vouchers;
mod waiting_list;
mod waiting_room;
mod webhooks;

use case::Case;

/// Runs each contract on a fresh store of every engine; each engine is a module here.
macro_rules! contracts {
    ($( $file:ident { $($name:ident),* $(,)? } )*) => {
        mod sqlite {
            $( mod $file {
                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $name() {
                        super::super::$file::$name(super::super::Case::on_sqlite().await).await;
                    }
                )*
            } )*
        }
        mod postgres {
            $( mod $file {
                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $name() {
                        super::super::$file::$name(super::super::Case::on_postgres().await).await;
                    }
                )*
            } )*
        }
        mod cells {
            $( mod $file {
                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $name() {
                        super::super::$file::$name(super::super::Case::on_cells().await).await;
                    }
                )*
            } )*
        }
        /// A server, a network and failovers that break transactions off must not be noticed.
        mod faulty_postgres {
            $( mod $file {
                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $name() {
                        super::super::$file::$name(super::super::Case::on_faulty_postgres().await).await;
                    }
                )*
            } )*
        }
    };
}

contracts! {
    holds {
        seats_are_held_all_or_none,
        a_seat_that_is_not_there_is_not_taken_but_unknown,
        a_tier_gives_any_free_units_and_no_more_than_it_has,
        an_expired_unit_is_free_for_the_next_claim_at_once,
        a_released_reservation_frees_its_units_and_stays_released,
        releasing_late_does_not_free_the_next_owners_units,
        an_event_that_is_a_draft_or_over_sells_nothing,
        under_a_key_that_ends_before_the_event_nothing_is_held_or_paid,
        a_halted_event_sells_nothing_whatever_a_process_believes,
        the_price_is_fixed_when_the_reservation_is_made,
        tidying_changes_nothing_that_anyone_is_told,
        the_best_seats_are_of_those_that_the_store_has_left,
    }
    bounds {
        a_session_and_an_address_hold_so_much_without_paying,
        what_is_given_back_or_paid_for_does_not_count,
        what_waits_for_a_bank_counts_until_it_is_paid,
        payments_that_fail_hold_no_more_than_may_be_held,
        neighbours_in_a_network_share_what_it_may_hold,
        whoever_held_in_vain_waits_and_others_go_first,
        an_organizer_sets_what_one_client_may_hold,
        many_claims_at_once_stay_within_the_bound,
        what_nobody_paid_for_is_forgotten,
        a_buyer_keeps_so_many_places_unpaid,
    }
    proofs {
        where_a_proof_of_work_is_asked_for_each_holds_places_once,
    }
    bookings {
        a_booking_turns_units_into_tickets,
        the_same_request_gives_the_same_booking_and_another_is_refused,
        a_reservation_under_payment_does_not_expire,
        an_expired_or_released_reservation_cannot_be_booked,
        a_reservation_is_booked_once,
        something_to_pay_needs_a_token,
        a_declined_booking_gives_its_units_back_to_the_reservation,
        a_canceled_booking_frees_its_key,
        what_the_gateway_knows_a_payment_by_is_written_down_once,
        a_payment_that_waits_says_for_whom_and_is_looked_at_again,
        what_is_to_be_given_back_gets_no_tickets,
        a_reservation_leads_to_its_last_booking,
        a_refunded_booking_frees_its_units,
        a_booking_ends_once,
        confirming_without_all_tickets_changes_nothing,
        what_was_held_before_the_end_is_not_booked_after_it,
        a_charge_leads_to_its_booking,
        a_renewed_booking_is_found_by_its_new_id_alone,
        a_booking_is_not_renewed_while_its_payment_runs,
        a_ticket_code_leads_to_one_ticket_of_its_event,
    }
    booking_lists {
        each_booking_of_an_event_has_a_code_of_its_own,
        a_booking_keeps_the_language_that_it_was_made_in,
        bookings_come_page_by_page_and_a_new_id_changes_no_place,
        bookings_are_found_by_what_people_know_of_them,
    }
    kept_answers {
        of_requests_that_come_at_once_one_is_done,
        an_answer_is_kept_for_the_same_request_until_it_is_forgotten,
        a_request_that_was_not_done_or_abandoned_may_be_done_again,
    }
    jobs {
        a_booking_has_a_job_from_its_beginning_to_its_end,
        a_lease_is_one_holders_until_it_ends,
        a_job_that_fails_waits_longer_each_time,
        what_a_process_left_behind_is_freed_and_nothing_else,
        jobs_come_in_the_order_in_which_they_wait_and_no_more_than_asked_for,
        those_that_are_listed_are_those_that_are_due,
    }
    catalogue {
        events_come_page_by_page,
        drafts_and_past_events_are_not_listed,
        the_layout_lists_seats_and_not_slots,
        occupancy_tells_when_it_is_out_of_date,
        sales_count_what_was_confirmed,
        each_availability_follows_the_one_before_it_and_is_kept_once,
    }
    cell_lines {
        a_database_with_something_in_it_becomes_no_cell_and_lists_those_that_are_added,
    }
    keys {
        keys_are_added_once_and_found_by_what_they_are_for,
        a_key_is_sealed_anew_in_its_place_and_no_other_is_touched,
    }
    reports {
        a_daily_report_has_each_day_what_was_sold_and_taken_back_on_it,
        tickets_are_listed_page_by_page_with_what_was_paid_for_them,
        money_that_has_moved_is_listed_page_by_page_with_both_its_sides,
        refunds_are_listed_page_by_page_and_by_how_they_stand,
        what_a_gateway_knows_payments_by_is_listed_with_what_was_given_back,
    }
    search {
        events_are_found_by_words_whatever_their_accents_and_case,
        events_with_the_words_in_their_names_come_first_and_pages_keep_the_order,
        events_are_narrowed_down_by_city_category_day_and_price,
        events_are_found_around_a_place_over_the_edges_of_the_map,
        a_listing_follows_its_event_and_ends_with_it,
        cities_are_suggested_by_how_they_begin,
    }
    acts {
        acts_that_come_at_once_follow_each_other,
        acts_come_page_by_page,
        an_act_that_was_altered_or_taken_out_is_found,
    }
    access_tokens {
        a_token_stands_for_its_key_until_either_ends,
        tokens_that_ended_are_forgotten_and_so_many_are_good,
    }
    api_keys {
        keys_of_an_organizer_are_listed_with_what_became_of_them,
        a_revoked_key_stays_revoked_and_is_forgotten_much_later,
        the_last_owner_stays_also_when_two_revoke_each_other,
        an_organizer_has_so_many_good_keys,
    }
    staff {
        an_invitation_is_taken_once_and_in_time,
        a_code_is_taken_once_and_after_many_wrong_ones_none_is,
        sessions_end_one_by_one_and_the_oldest_when_there_are_too_many,
        a_member_changes_and_is_forgotten_for_their_own_organizer_alone,
        the_last_owner_stays_where_one_is_kept,
        of_two_owners_either_may_go_and_then_the_other_stays,
        all_sessions_of_a_member_end_at_once_for_their_own_organizer_alone,
    }
    links {
        a_link_letter_is_taken_by_one_at_a_time_until_it_is_sent,
        the_letter_of_an_invitation_goes_with_it,
        a_link_opens_once_and_in_time_what_was_bought_with_its_address,
        a_client_asks_for_so_many_links_and_an_address_gets_so_many,
    }
    price_steps {
        a_price_rises_as_units_are_taken_and_as_time_goes_by,
        whatever_prices_become_what_is_held_or_sold_keeps_its_own,
        an_order_has_so_many_units_of_the_event_at_most,
    }
    tills {
        what_is_sold_and_given_back_at_a_till_is_counted_in_it,
        a_till_is_one_persons_and_closed_for_good,
        a_closed_till_sells_and_gives_back_nothing,
        the_last_place_is_sold_once_at_counters_and_online,
    }
    invoices {
        a_booking_awaits_its_transfer_for_days_and_is_paid_whole_or_not_at_all,
        a_transfer_that_comes_as_the_time_ends_counts_once,
    }
    waiting_room {
        numbers_are_given_out_once_whoever_comes_at_once,
        a_lobby_is_drawn_by_what_was_announced,
        a_room_that_is_open_keeps_its_opening_and_changes_its_rate,
        a_room_whose_event_is_over_or_canceled_is_not_steered,
        one_process_steers_a_room_and_another_one_once_that_is_silent,
        whoever_is_let_through_holds_one_reservation_at_a_time_and_not_for_ever,
    }
    waiting_list {
        places_that_come_back_are_offered_in_order_and_nobody_jumps,
        an_offer_that_is_not_taken_goes_to_the_next_and_what_is_paid_stays,
        two_processes_offer_each_place_once,
        who_may_wait_and_who_left,
    }
    seals {
        what_is_altered_past_the_store_is_found_whatever_is_changed_later,
        an_event_from_before_is_sealed_when_the_store_is_opened,
    }
    organizing {
        a_key_leads_to_its_organizer,
        venues_are_listed_for_their_organizer_only,
        a_draft_is_published_when_its_units_are_all_there,
        an_event_changes_only_where_it_is_told_to,
        moving_an_event_moves_its_windows_once_and_frees_what_is_not_paid_for,
        hostile_text_comes_back_as_it_went_in,
    }
    logs {
        what_is_appended_follows_what_is_there_or_changes_nothing,
        what_is_stored_already_is_appended_once,
        the_feed_tells_what_is_beyond_what_is_known,
        the_feed_comes_in_pages_that_end_at_heads,
        the_feed_says_when_something_known_is_gone_or_the_bundle_is_newer,
        the_authority_adds_nothing_while_its_event_is_halted,
        a_restored_store_is_halted_and_hears_what_devices_hold_beyond_it,
        records_come_back_in_the_order_they_came_page_by_page,
        a_run_reaches_from_any_record_to_a_head_and_fits,
        the_newest_trust_bundle_counts,
        the_last_checkpoint_is_kept,
    }
    devices {
        a_code_is_used_once_and_in_time,
        an_event_has_so_many_open_codes_and_old_ones_are_forgotten,
        the_last_contact_of_each_device_is_kept,
        a_link_is_known_to_all_processes_until_it_ends_or_is_not_said_again,
        a_ticket_changes_from_how_it_stood_or_not_at_all,
        a_reissued_ticket_takes_the_place_of_the_one_before,
        of_two_phones_that_bind_a_ticket_one_wins,
        a_transferred_ticket_leaves_its_booking,
        units_are_found_with_their_seats,
    }
    refunds {
        tickets_are_revoked_before_money_is_given_and_units_are_free_after_it,
        a_refund_is_begun_once_for_each_key_and_one_at_a_time,
        a_ticket_that_was_given_back_is_never_valid_again,
        a_refund_that_is_refused_waits_for_a_person_and_counts_until_then,
        money_that_a_person_gave_by_another_way_ends_a_refused_refund,
        nothing_is_given_back_of_what_a_bank_has_taken_back,
        a_dispute_is_heard_of_once_and_its_first_last_word_stands,
        a_renewed_booking_keeps_its_refunds,
        nothing_is_given_back_of_a_halted_event_but_what_was_begun,
        the_journal_has_both_sides_of_all_that_moves,
    }
    canceling {
        canceling_stops_the_sale_frees_what_is_held_and_refunds_what_was_paid,
        a_booking_with_another_refund_on_its_way_is_refunded_later,
        what_was_refused_is_tried_again_and_nothing_else,
        an_event_that_is_a_draft_or_halted_is_not_canceled,
    }
    inventory {
        an_event_sells_within_its_window_and_until_it_is_stopped,
        a_tier_sells_as_its_organizer_says_and_hides,
        a_tier_of_slots_gets_more_units_or_fewer_but_never_than_are_held_or_sold,
    }
    blocks {
        blocked_units_are_free_to_nobody_until_they_are_released,
        places_of_a_tier_are_blocked_and_released_by_number,
        a_block_takes_nothing_that_somebody_has_and_is_sold_to_nobody,
    }
    comps {
        a_list_gets_bookings_that_cost_nothing_or_nobody_gets_one,
        the_same_list_again_is_the_same_bookings,
        a_list_takes_units_out_of_a_block,
    }
    charges {
        fees_and_taxes_are_part_of_what_is_sold_and_what_was_held_keeps_its_own,
        each_sale_has_one_receipt_and_no_number_is_left_out,
    }
    vouchers {
        a_voucher_is_used_so_often_and_what_lapses_gives_its_use_back,
        many_who_use_a_voucher_at_once_use_it_as_often_as_it_says,
        a_code_unlocks_hidden_tiers_and_the_time_before_the_sale,
        a_code_is_taken_once_and_stopped_for_good,
        wrong_codes_count_as_places_that_were_held_in_vain,
    }
    webhooks {
        what_happens_is_told_to_each_endpoint_with_its_cause,
        that_an_event_is_canceled_is_told_once,
        a_webhook_waits_until_it_is_taken_and_its_job_with_it,
        what_is_given_up_is_begun_anew_by_a_person,
        an_event_has_so_many_endpoints_and_their_secrets_can_be_replaced,
    }
    news {
        news_are_numbered_from_when_somebody_listens_and_forgotten_later,
    }
    letters {
        a_letter_is_written_with_its_booking_and_waits_until_it_is_sent,
        a_letter_that_is_given_up_is_begun_anew_by_a_person,
        tickets_are_sent_again_where_there_is_an_address,
    }
    mailings {
        a_mailing_reaches_each_buyer_once,
        a_mailing_is_begun_once_for_each_key,
        whoever_had_a_ticket_of_a_canceled_event_can_be_written_to,
        what_becomes_of_an_event_is_told_where_there_is_mail,
        an_organizer_tries_mailings_so_often_a_day,
    }
    holders {
        whoever_a_ticket_was_handed_over_to_is_told_once_what_becomes_of_the_event,
        whoever_has_a_ticket_of_a_canceled_event_is_told_where_they_are_known,
        who_has_a_ticket_is_erased_with_who_bought_it,
    }
    retention {
        who_bought_is_erased_after_the_event_and_what_was_sold_is_kept,
        who_waited_and_who_got_letters_is_erased_with_them,
    }
    races {
        sixty_four_claims_on_one_seat_have_one_winner,
        sixty_four_claims_on_a_tier_sell_exactly_what_there_is,
        sixty_four_claims_on_the_best_seats_get_different_ones_while_there_are_any,
        a_booking_and_the_next_claim_race_over_an_expiring_seat,
        one_of_many_bookings_of_a_reservation_starts,
    }
}

mod histories {
    use super::case::Case;

    /// Histories on SQLite, where a fresh store takes milliseconds.
    const ON_SQLITE: u32 = 40;
    /// Histories on PostgreSQL, where it takes a tenth of a second.
    const ON_POSTGRES: u32 = 8;

    #[tokio::test(flavor = "multi_thread")]
    async fn random_histories_on_sqlite_agree_with_a_model_that_fits_on_a_page() {
        super::model::random_histories_agree(ON_SQLITE, Case::on_sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn random_histories_on_postgres_agree_with_a_model_that_fits_on_a_page() {
        super::model::random_histories_agree(ON_POSTGRES, Case::on_postgres).await;
    }
}
