# What buyers read on the cloud's pages, in English. docs/CONTRIBUTING.md says how texts are written:
# $count chooses between one and many, $shown is how it is written.

## Dates, amounts, places
weekday =
    { $day ->
        [1] Mon
        [2] Tue
        [3] Wed
        [4] Thu
        [5] Fri
        [6] Sat
       *[7] Sun
    }
month =
    { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
day-and-time = { $weekday } { $day } { $month } { $year }, { $time }
decimal-mark = .
group-mark = ,
amount = { $number } { $currency }
free = free
seat-name = { $section }, row { $row }, seat { $seat }
slot-name = no. { $number }
foreign-name = no. { $number } of the other seller
unknown-name = place { $number }

## Every page
languages = Language
on-sale-link = See what is on sale
event-page-link = To the event's page

## What is on sale
on-sale = On sale
search-for = Search for
search-hint = Name, venue…
city = City
category = What
category-any = anything
category-concert = concert
category-festival = festival
category-club = club
category-theatre = theatre
category-comedy = comedy
category-classical = classical
category-film = film
category-sport = sport
category-family = family
category-exhibition = exhibition
category-conference = conference
category-other = other
from-day = From
until-day = Until
price-filter = Tickets
price-any = at any price
price-up-to = up to { $amount }
near-me = Near me
place-unknown = Your place is not known
search = Search
nothing-on-sale = Nothing is on sale just now.
nothing-found = Nothing found. Try fewer words, another city, or more days.
price-from = from { $price }
mark-canceled = cancelled
mark-paused = sale paused
more-events = More events

## An event
test-sale = Test sale: nobody is charged.
test-sale-more = This page takes test cards only, and costs you nothing.
too-long = This is too long: please shorten it.
event-canceled = This event is cancelled.
event-canceled-more = It does not take place, and its tickets let nobody in. What was paid online is given back the way it was paid; you need not do anything. If you paid at the box office or by bank transfer, ask the organizer for it.
event-over = This event is over.
event-over-more = Tickets for it are no longer sold.
sale-stopped = No more tickets are sold here just now.
sale-stopped-more = Tickets bought before stay valid.
sale-paused = The sale is paused.
sale-paused-more = You cannot buy tickets just now, and you are not charged. Tickets bought before stay valid. Please come back later.
sale-begins = Tickets are sold from { $begins }.
sale-begins-more = Please come back then. With a presale code you can buy now: enter it below.
has-waiting-room = This event has a waiting room.
has-waiting-room-more = People are let in one after the other, and it is not your turn yet.
to-waiting-room = Go to the waiting room
needs-script = To buy here, allow this page to run JavaScript.
needs-script-more = Programs can use the API: see
choose-tickets = Choose your tickets
admits =
    { $count ->
        [one] admits one person
       *[other] admits { $shown } people
    }
tickets-left = left
how-many = How many
sold-from = sold from { $begins }
no-longer-sold = no longer sold
at-most-at-once = at most { $most } at once
at-least-at-once = at least { $fewest } at once
exactly-at-once = { $most } at once
range-at-once = { $fewest } to { $most } at once
live-always = shown on your phone, not on paper
live-from = from { $from } on shown on your phone, not on paper
service-fee = { $amount } service fee
tax = { $amount } tax
with-part = with { $part }
with-parts = with { $first } and { $second }
code-label = Code, if you have one
code-use = Use code
code-used = { $code } is used.
best-seats = For tickets with a seat you get the best free seats, next to each other where possible.
pick-seats = …or pick your seats
seat-free = free
seat-yours = yours
seat-taken = taken
seat-dear = costs more
show-costs = Show what costs
any-price = any price
price-nothing = nothing
map-name = Seat map
map-picture = Map of the seats
map-tools = Move the map
zoom-in = Zoom in
zoom-out = Zoom out
move-left = Move left
move-right = Move right
move-up = Move up
move-down = Move down
whole-house = Whole house
map-help = With keys: arrows go from seat to seat, Enter picks, plus and minus zoom, Escape shows the whole house. Or use the list below.
seats-by-row = Seats by row
section = Section
row = Row
seats-of-row = Seats of the row
seats-loading = Loading the seats…
wait-summary = Wait for places that come back
wait-more = They are offered to one person after the other, in the order of joining. Each offer lasts a day.
which-tickets = Which tickets
your-address = Your e-mail address
wait = Wait
nothing-chosen = Nothing chosen yet
reserve = Reserve
pay = Pay
how-you-pay = How you pay
test-card = Test card
by-invoice =
    { $count ->
        [one] Bank transfer within a day: you get your tickets once it has come
       *[other] Bank transfer within { $shown } days: you get your tickets once it has come
    }
give-back = Give the places back

## What the script of an event's page says
went-wrong = Something went wrong.
most-tickets =
    { $count ->
        [one] At most one ticket at once
       *[other] At most { $shown } tickets at once
    }
fewest-of = At least { $fewest } of { $tier }
most-of = At most { $most } of { $tier }
tickets-sum =
    { $count ->
        [one] { $shown } ticket, { $price }
       *[other] { $shown } tickets, { $price }
    }
none-left = none left
seats-left =
    { $count ->
        [one] { $shown } left
       *[other] { $shown } left
    }
free-of-charge = free of charge
left-from = { $left }, { $price }
seat-is = { $seat }, { $state }
lost-seats = Somebody else was faster: { $seats }. Please pick again.
book = Book
pay-amount = Pay { $amount }
held =
    { $count ->
        [one] { $shown } held, { $amount } in all.
       *[other] { $shown } held, { $amount } in all.
    }
time-left = { $time } left
time-up = Your time is up, and the places are free for everybody again. Please choose again.
proving = One moment: your device does a short calculation, so that programs cannot hold all places.
row-named = Row { $row } ({ $left })
section-named = { $section } ({ $left })
map-summary = Map of the seats. { $sections }.
map-more = and more
seats-not-shown = The seats cannot be shown just now.
not-on-sale = This event is not on sale.

## A booking
your-tickets = Your tickets
your-booking = Your booking
booking-code-is = Booking code:
booking-code-use = Give it when you ask the box office about this booking.
booking-canceled = The event is cancelled.
booking-canceled-more = It does not take place, and these tickets let nobody in. What you paid online is given back the way you paid; you need not do anything. If you paid at the box office or by bank transfer, ask the organizer for it.
paid = Paid: { $amount }.
given-back = Given back: { $amount }.
keep-address = Keep the address of this page, and give it to nobody: whoever has it can use your tickets.
admits-people =
    { $count ->
        [one] Admits one person
       *[other] Admits { $shown } people
    }
show-ticket = Show ticket
print-all = Print all tickets
as-pdf = as PDF
four-to-a-page = four to a page
add-to-calendar = add to your calendar
continue-at-bank = Continue at your bank
booking-paying = The payment is not finished yet: look again in a minute, and do not pay a second time.
booking-action-required = Your bank asks you to confirm the payment. Your places are kept meanwhile, and nothing is charged until you confirm.
booking-processing = Your bank is still processing the payment. Your tickets appear here as soon as it has finished; do not pay a second time.
booking-declined = There are no tickets: the payment was declined, and nothing was charged. Your places are still held: try another card on the event's page.
booking-declined-and-free = There are no tickets: the payment was declined, and nothing was charged. Your places are free for everybody again: choose places on the event's page.
booking-refunding = There are no tickets: they could not be issued, and your money is being given back.
booking-refunded = There are no tickets: they could not be issued, and the money was given back.
booking-unpaid = There are no tickets: the booking was not paid, and nothing was charged. Choose places again.

## A ticket
ticket-title = Ticket: { $event }
void-transferred = Transferred to somebody else
void-replaced = Replaced by a newer ticket
void-revoked = Cancelled by the organizer
void-event-canceled = The event is cancelled
lets-nobody-in = { $why }. This ticket lets nobody in.
live-code = QR code, new every ten seconds
live-every = new every 10 seconds: a picture of it opens nothing
on-another-phone = This ticket is on another phone, which shows its code.
live-needs-script = This ticket is shown live, and that takes JavaScript: allow it for this page, or ask the box office.
phone-only = This ticket is shown live: its code is on a phone and changes every ten seconds.
phone-needs-script = That takes JavaScript: allow it for this page, or ask the box office.
paper-until = From { $from } on this code opens nothing
paper-until-more = on paper or as a picture: the ticket is then shown live on your phone. Put it there before.
bind-again = To show it here instead, open this page from your booking's page, with the phone that you bring along. The other phone's code is dead then; you can do this twice, and after that the box office helps.
bind-first = Open this page on the phone that you bring along and put the ticket there: its code then changes every ten seconds and works without a network. Every other code of it, on paper too, is dead from then on.
bind = Show it on this phone
ticket-code = Ticket code
cannot-hold-keys = This browser cannot make a key for the ticket. Update it, or open this page in the newest Chrome, Safari or Firefox of your phone, not in a private window. Until then the code on paper stays as it is; at the gate, ask the box office.
keeps-no-pages = This browser keeps no pages: have a network at the gate, or ask the box office.
page-not-kept = This browser does not keep the page: have a network at the gate.
page-kept = Kept on this phone: it works without a network.
no-network = There is no network: try again when there is one.
clock-never-compared = This phone's clock was never compared with ours: open this page once with a network.
clock-set-back = This phone's clock was set back: open this page once with a network.
clock-old =
    { $count ->
        [one] No network for an hour: this works all the same. If a gate says that it is a picture, open this page once with a network.
       *[other] No network for { $shown } hours: this works all the same. If a gate says that it is a picture, open this page once with a network.
    }
clock-behind =
    { $count ->
        [one] This phone's clock is { $shown } min behind ours: the code goes by ours.
       *[other] This phone's clock is { $shown } min behind ours: the code goes by ours.
    }
clock-ahead =
    { $count ->
        [one] This phone's clock is { $shown } min ahead of ours: the code goes by ours.
       *[other] This phone's clock is { $shown } min ahead of ours: the code goes by ours.
    }

## Tickets to print
print-title = Tickets to print: { $event }
print-help = Print this page: each ticket is on a sheet of its own.
booking-code = Booking
nothing-to-print = There is no valid ticket to print.
paper-opens-nothing = This ticket is shown live: its code is on the phone and changes every ten seconds. Paper opens nothing: open the ticket's page on the phone that you bring along.
paper-live-from = From { $from } on this code opens nothing: the ticket is then shown live on the phone. Open its page there before.

## All tickets of an address
my-tickets = My tickets
link-asked = If tickets were bought with this address, a letter with a link is on its way to it. The link works once, for an hour.
link-asked-more = Nothing there after some minutes? Look among the spam, or ask again with the address that you bought with.
ask-for-link = Enter the address that you bought with: you get a letter with a link to all of your tickets.
ask-for-proof = Before places of this event are held, your device does a short calculation, and that did not work. Have a link mailed to you instead: open it in this browser, go back to the event, and reserve again.
address = E-mail address
send-link = Send me the link
no-mail = This server sends no mail: keep the address of your booking's page, or ask the organizer for it.
wrong-address = That is no e-mail address: check it.
link-once = The link works once, in this browser.
show-my-tickets = Show my tickets
bought-with = Bought with
nothing-bought = Nothing was bought with this address.
valid-tickets =
    { $count ->
        [one] 1 ticket
       *[other] { $shown } tickets
    }
no-valid-tickets = No valid tickets
booking-named = booking { $code }
leave = Leave
leave-everywhere = Leave in all browsers

## Waiting lists
waiting-list = Waiting list
waiting-list-title = Waiting list: { $event }
offered =
    { $count ->
        [one] One place is held for you until { $until }.
       *[other] { $shown } places are held for you until { $until }.
    }
offered-more = What you do not take by then is offered to the next person.
take-places = Take the places and pay
on-list-first = You are on the list, and nobody is before you.
on-list =
    { $count ->
        [one] You are on the list; { $shown } is before you.
       *[other] You are on the list; { $shown } are before you.
    }
on-list-more = Keep the address of this page, and give it to nobody: offers to you appear here.
offer-taken = You have taken the places that were offered to you. In the browser that you used, the event's page leads to your booking.
offer-lapsed = What was offered to you was not taken in time, and others were asked. You can wait again on the event's page.
off-list = You are no longer on the list.

## The waiting room
waiting-room = Waiting room
waiting-room-title = Waiting room: { $event }
you-are-next = You are next.
before-you =
    { $count ->
        [one] One person is before you.
       *[other] { $shown } people are before you.
    }
takes-minutes =
    { $count ->
        [one] It takes about a minute.
       *[other] It takes about { $shown } minutes.
    }
takes-hours =
    { $count ->
        [one] It takes about { $shown } hour.
       *[other] It takes about { $shown } hours.
    }
room-full = All places are held or sold just now. Places that are not paid for come back, and then the queue goes on.
keep-room-open = Keep this page open: it leads you on when it is your turn. You then have ten minutes to choose your tickets. Loading the page again, or opening it a second time in this browser, neither costs you your place nor gives you another one.
loads-again =
    { $count ->
        [one] This page loads itself again every second.
       *[other] This page loads itself again every { $shown } seconds.
    }
look-now = Look now
being-drawn = The order is being drawn.
being-drawn-more = You are in the draw, or come right after those who are.
you-have-joined = You have joined.
room-opens = The sale begins on { $opens }.
drawn-among-all = The order is drawn then among all who have joined by that time: it does not matter when you came.
joined-so-far =
    { $count ->
        [one] { $shown } person has joined so far.
       *[other] { $shown } people have joined so far.
    }
room-keeps-place = Keep this page open, or come back to it in this browser: it keeps your place.
turn-over = Your ten minutes are over.
turn-over-more = If you still want tickets, join again. What you have reserved or bought stays yours.
one-after-other = Many people want tickets for this event, and they are let in one after the other.
same-chance = Whoever joins before that has the same chance, whenever they come.
join-queue = Join the queue
how-drawn = How the order is drawn
how-drawn-more = Nobody can choose who goes first, not even the organizer or this server alone. Before anybody came, the server committed itself to a secret number. When the sale begins, it publishes the list of all who have joined, and only then does a public value become known that nobody could foresee. Number, list and value together give the order.
public-value = Public value:
commitment = Commitment:
draw-check = Everybody can compute it again. The program { $program } checks the published list.
published-list = The published list

## What went wrong
not-found-title = Not found
refused-title = This does not work just now
our-fault-title = Something is wrong on our side
