//! The patterns of ids, by the names of the members and parameters that hold one.

use crate::ids::{
    ApiKeyId, BlockId, BookingId, DisputeId, EndpointId, InvitationId, RefundId, ReservationId, StaffId,
    TicketId, TillId, VenueId, VoucherId, WaiterId, WebhookId,
};

/// The pattern of an event's id, which `usher_keys` reads.
const EVENT_ID: &str = "^evt_[0-9a-v]{26}$";
/// The pattern of a device's key.
const DEVICE_KEY: &str = "^[0-9a-f]{64}$";

/// Returns the pattern of the id that a member or parameter of a name holds.
pub fn pattern(name: &str) -> Option<&'static str> {
    match name {
        "event_id" => Some(EVENT_ID),
        "key_id" => Some(ApiKeyId::PATTERN),
        "staff_id" => Some(StaffId::PATTERN),
        "invitation_id" => Some(InvitationId::PATTERN),
        "venue_id" => Some(VenueId::PATTERN),
        "reservation_id" => Some(ReservationId::PATTERN),
        "block_id" => Some(BlockId::PATTERN),
        "booking_id" => Some(BookingId::PATTERN),
        "refund_id" => Some(RefundId::PATTERN),
        "dispute_id" => Some(DisputeId::PATTERN),
        "till_id" => Some(TillId::PATTERN),
        "ticket_id" => Some(TicketId::PATTERN),
        "endpoint_id" => Some(EndpointId::PATTERN),
        "voucher_id" => Some(VoucherId::PATTERN),
        "waiter_id" => Some(WaiterId::PATTERN),
        "webhook_id" => Some(WebhookId::PATTERN),
        "device" => Some(DEVICE_KEY),
        _ => None,
    }
}
