# What letters to buyers say, in English; what they share with pages is in buyers.ftl.

## Tickets
letter-tickets-subject = Your tickets for { $event }
letter-tickets-here = { $organizer }: your tickets are here.
letter-doors = Doors: { $doors }
letter-live = shown live, only on your phone
letter-live-from = shown live, from { $from } on only on your phone
letter-show-at-gate = Show them at the gate, from your phone or on paper:
letter-keep = Keep this address to yourself: whoever has it can use your tickets.
letter-code-use = for the box office; it opens nothing
letter-paid = Paid: { $amount }
letter-receipt = Receipt: { $number }
letter-ticket = { $tier }, { $place }
letter-show-ticket = Show my ticket
letter-show-booking = Show my booking

## What has become of them
letter-reissued-subject = A new code for your ticket for { $event }
letter-reissued = Your ticket { $ticket } has a new code.
letter-reissued-more = The old code lets nobody in any more, also where it is printed or saved.
letter-transferred-subject = Your ticket for { $event } belongs to somebody else now
letter-transferred = Your ticket { $ticket } was given to somebody else.
letter-transferred-more = Its code lets nobody in any more. If you did not ask for this, tell the box office at once.
letter-received-subject = Your ticket for { $event }
letter-received = The ticket { $ticket } is yours now.
letter-received-more = Keep the address of its page to yourself: whoever has it can use your ticket.
letter-refund-subject = Money back for { $event }
letter-refund = We have refunded { $amount } of your booking.
letter-refund-more = It takes your bank some days to show it.

## What has become of the event
letter-moved-subject = New date: { $event }
letter-moved = { $event } has another date: { $starts }.
letter-moved-more = Your tickets stay good for the new date; you need not do anything.
letter-canceled-subject = Cancelled: { $event }
letter-canceled = { $event } does not take place. Your tickets let nobody in.
letter-canceled-more = What you paid online is given back the way you paid; you need not do anything. If you paid at the box office or by bank transfer, ask the organizer for it.
letter-canceled-holder = What was paid is given back to whoever bought your tickets; you need not do anything.

## Places that came back
letter-offer-subject = Places for { $event } are held for you
letter-offer = You waited for places at { $event }, and some have come back.
letter-offer-held =
    { $count ->
        [one] One place ({ $tier }) is held for you until { $until }. If you do not take it by then, the next one in line is asked.
       *[other] { $shown } places ({ $tier }) are held for you until { $until }. If you do not take them by then, the next one in line is asked.
    }
letter-offer-take = Take them

## A link to all tickets of an address
letter-link-subject = The way to your tickets
letter-link = Somebody, most likely you, has asked for the tickets that were bought with this address.
letter-link-ends = The link works once, for an hour. If you did not ask for it, do nothing: nobody else has it.
letter-address-subject = The way to your places
letter-address = Somebody, most likely you, wants to hold places of an event whose organizer keeps programs out. Open this link in the browser that you buy with, go back to the event there, and reserve again.
letter-address-button = Show that I read this address
