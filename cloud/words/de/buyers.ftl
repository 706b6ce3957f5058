# Was Käuferinnen und Käufer auf den Seiten lesen, auf Deutsch (mit „Sie“).

## Dates, amounts, places
weekday =
    { $day ->
        [1] Mo.
        [2] Di.
        [3] Mi.
        [4] Do.
        [5] Fr.
        [6] Sa.
       *[7] So.
    }
month =
    { $month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[12] Dezember
    }
day-and-time = { $weekday }, { $day }. { $month } { $year }, { $time } Uhr
decimal-mark = ,
group-mark = .
amount = { $number }{ "\u00A0" }{ $currency }
free = kostenlos
seat-name = { $section }, Reihe { $row }, Platz { $seat }
slot-name = Nr. { $number }
foreign-name = Nr. { $number } des anderen Anbieters
unknown-name = Platz { $number }

## Every page
languages = Sprache
on-sale-link = Zu allen Veranstaltungen
event-page-link = Zur Seite der Veranstaltung

## What is on sale
on-sale = Im Vorverkauf
search-for = Suchen nach
search-hint = Name, Spielstätte …
city = Stadt
category = Was
category-any = alles
category-concert = Konzert
category-festival = Festival
category-club = Club
category-theatre = Theater
category-comedy = Comedy
category-classical = Klassik
category-film = Film
category-sport = Sport
category-family = Familie
category-exhibition = Ausstellung
category-conference = Konferenz
category-other = Sonstiges
from-day = Von
until-day = Bis
price-filter = Tickets
price-any = zu jedem Preis
price-up-to = bis { $amount }
near-me = In meiner Nähe
place-unknown = Ihr Standort ist nicht bekannt
search = Suchen
nothing-on-sale = Zurzeit ist nichts im Vorverkauf.
nothing-found = Nichts gefunden. Versuchen Sie es mit weniger Wörtern, einer anderen Stadt oder mehr Tagen.
price-from = ab { $price }
mark-canceled = abgesagt
mark-paused = Verkauf unterbrochen
more-events = Weitere Veranstaltungen

## An event
test-sale = Testverkauf: Es wird nichts abgebucht.
test-sale-more = Diese Seite nimmt nur Testkarten an und kostet Sie nichts.
too-long = Das ist zu lang: Bitte kürzen Sie es.
event-canceled = Diese Veranstaltung ist abgesagt.
event-canceled-more = Sie findet nicht statt, und mit ihren Tickets gibt es keinen Einlass. Was online bezahlt wurde, wird auf dem Zahlungsweg erstattet; Sie müssen nichts tun. Wenn Sie an der Kasse oder per Überweisung bezahlt haben, wenden Sie sich dafür an den Veranstalter.
event-over = Diese Veranstaltung ist vorbei.
event-over-more = Tickets werden nicht mehr verkauft.
sale-stopped = Hier werden zurzeit keine weiteren Tickets verkauft.
sale-stopped-more = Bereits gekaufte Tickets bleiben gültig.
sale-paused = Der Verkauf ist unterbrochen.
sale-paused-more = Sie können zurzeit keine Tickets kaufen, und es wird nichts abgebucht. Bereits gekaufte Tickets bleiben gültig. Bitte kommen Sie später wieder.
sale-begins = Der Vorverkauf beginnt am { $begins }.
sale-begins-more = Bitte kommen Sie dann wieder. Mit einem Vorverkaufscode können Sie jetzt schon kaufen: Geben Sie ihn unten ein.
has-waiting-room = Diese Veranstaltung hat einen Warteraum.
has-waiting-room-more = Alle kommen der Reihe nach dran, und Sie sind es noch nicht.
to-waiting-room = Zum Warteraum
needs-script = Um hier zu kaufen, erlauben Sie dieser Seite JavaScript.
needs-script-more = Programme können die API nutzen: siehe
choose-tickets = Tickets auswählen
admits =
    { $count ->
        [one] Einlass für eine Person
       *[other] Einlass für { $shown } Personen
    }
tickets-left = verfügbar
how-many = Anzahl
sold-from = im Verkauf ab { $begins }
no-longer-sold = nicht mehr im Verkauf
at-most-at-once = höchstens { $most } pro Bestellung
at-least-at-once = mindestens { $fewest } pro Bestellung
exactly-at-once = { $most } pro Bestellung
range-at-once = { $fewest } bis { $most } pro Bestellung
live-always = nur auf dem Handy, nicht auf Papier
live-from = ab { $from } nur auf dem Handy, nicht auf Papier
service-fee = { $amount } Servicegebühr
tax = { $amount } Steuer
with-part = inkl. { $part }
with-parts = inkl. { $first } und { $second }
code-label = Code, falls vorhanden
code-use = Code einlösen
code-used = { $code } wird verwendet.
best-seats = Bei Tickets mit Sitzplatz bekommen Sie die besten freien Plätze, wenn möglich nebeneinander.
pick-seats = … oder wählen Sie Ihre Plätze selbst
seat-free = frei
seat-yours = Ihr Platz
seat-taken = vergeben
seat-dear = teurer
show-costs = Preis pro Platz
any-price = jeder Preis
price-nothing = kostenlos
map-name = Saalplan
map-picture = Plan der Plätze
map-tools = Plan bewegen
zoom-in = Vergrößern
zoom-out = Verkleinern
move-left = Nach links
move-right = Nach rechts
move-up = Nach oben
move-down = Nach unten
whole-house = Ganzer Saal
map-help = Mit der Tastatur: Die Pfeiltasten führen von Platz zu Platz, Eingabe wählt aus, Plus und Minus ändern die Größe, Escape zeigt den ganzen Saal. Oder nutzen Sie die Liste darunter.
seats-by-row = Plätze nach Reihen
section = Bereich
row = Reihe
seats-of-row = Plätze der Reihe
seats-loading = Die Plätze werden geladen …
wait-summary = Auf Plätze warten, die wieder frei werden
wait-more = Sie werden einer Person nach der anderen angeboten, in der Reihenfolge der Anmeldung. Jedes Angebot gilt einen Tag.
which-tickets = Welche Tickets
your-address = Ihre E-Mail-Adresse
wait = Auf die Warteliste
nothing-chosen = Noch nichts ausgewählt
reserve = Reservieren
pay = Bezahlen
how-you-pay = Zahlungsart
test-card = Testkarte
by-invoice =
    { $count ->
        [one] Überweisung innerhalb eines Tages: Ihre Tickets bekommen Sie, sobald sie eingegangen ist
       *[other] Überweisung innerhalb von { $shown } Tagen: Ihre Tickets bekommen Sie, sobald sie eingegangen ist
    }
give-back = Plätze freigeben

## What the script of an event's page says
went-wrong = Etwas ist schiefgegangen.
most-tickets =
    { $count ->
        [one] Höchstens ein Ticket auf einmal
       *[other] Höchstens { $shown } Tickets auf einmal
    }
fewest-of = Mindestens { $fewest } × { $tier }
most-of = Höchstens { $most } × { $tier }
tickets-sum =
    { $count ->
        [one] { $shown } Ticket, { $price }
       *[other] { $shown } Tickets, { $price }
    }
none-left = ausverkauft
seats-left =
    { $count ->
        [one] { $shown } Platz frei
       *[other] { $shown } Plätze frei
    }
free-of-charge = kostenlos
left-from = { $left }, { $price }
seat-is = { $seat }, { $state }
lost-seats = Jemand war schneller: { $seats }. Bitte wählen Sie neu.
book = Buchen
pay-amount = { $amount } bezahlen
held =
    { $count ->
        [one] { $shown } Platz reserviert, zusammen { $amount }.
       *[other] { $shown } Plätze reserviert, zusammen { $amount }.
    }
time-left = noch { $time }
time-up = Ihre Zeit ist um, und die Plätze sind wieder für alle frei. Bitte wählen Sie neu.
proving = Einen Moment: Ihr Gerät rechnet kurz, damit Programme nicht alle Plätze reservieren können.
row-named = Reihe { $row } ({ $left })
section-named = { $section } ({ $left })
map-summary = Plan der Plätze. { $sections }.
map-more = und weitere
seats-not-shown = Die Plätze können gerade nicht angezeigt werden.
not-on-sale = Diese Veranstaltung ist nicht im Verkauf.

## A booking
your-tickets = Ihre Tickets
your-booking = Ihre Buchung
booking-code-is = Buchungscode:
booking-code-use = Nennen Sie ihn, wenn Sie die Kasse zu dieser Buchung fragen.
booking-canceled = Die Veranstaltung ist abgesagt.
booking-canceled-more = Sie findet nicht statt, und mit diesen Tickets gibt es keinen Einlass. Was Sie online bezahlt haben, bekommen Sie auf dem Zahlungsweg zurück; Sie müssen nichts tun. Wenn Sie an der Kasse oder per Überweisung bezahlt haben, wenden Sie sich dafür an den Veranstalter.
paid = Bezahlt: { $amount }.
given-back = Erstattet: { $amount }.
keep-address = Bewahren Sie die Adresse dieser Seite auf und geben Sie sie niemandem: Wer sie hat, kann Ihre Tickets benutzen.
admits-people =
    { $count ->
        [one] Einlass für eine Person
       *[other] Einlass für { $shown } Personen
    }
show-ticket = Ticket anzeigen
print-all = Alle Tickets drucken
as-pdf = als PDF
four-to-a-page = vier pro Seite
add-to-calendar = in den Kalender eintragen
continue-at-bank = Weiter zu Ihrer Bank
booking-paying = Die Zahlung ist noch nicht abgeschlossen: Sehen Sie in einer Minute wieder nach und zahlen Sie nicht ein zweites Mal.
booking-action-required = Ihre Bank bittet Sie, die Zahlung zu bestätigen. Ihre Plätze bleiben so lange reserviert, und bis zur Bestätigung wird nichts abgebucht.
booking-processing = Ihre Bank bearbeitet die Zahlung noch. Ihre Tickets erscheinen hier, sobald sie damit fertig ist; zahlen Sie nicht ein zweites Mal.
booking-declined = Es gibt keine Tickets: Die Zahlung wurde abgelehnt, und es wurde nichts abgebucht. Ihre Plätze sind noch reserviert: Versuchen Sie es auf der Seite der Veranstaltung mit einer anderen Karte.
booking-declined-and-free = Es gibt keine Tickets: Die Zahlung wurde abgelehnt, und es wurde nichts abgebucht. Ihre Plätze sind wieder für alle frei: Wählen Sie auf der Seite der Veranstaltung neue Plätze.
booking-refunding = Es gibt keine Tickets: Sie konnten nicht ausgestellt werden, und Sie bekommen Ihr Geld zurück.
booking-refunded = Es gibt keine Tickets: Sie konnten nicht ausgestellt werden, und das Geld wurde erstattet.
booking-unpaid = Es gibt keine Tickets: Die Buchung wurde nicht bezahlt, und es wurde nichts abgebucht. Wählen Sie neue Plätze.

## A ticket
ticket-title = Ticket: { $event }
void-transferred = An jemand anderen übertragen
void-replaced = Durch ein neueres Ticket ersetzt
void-revoked = Vom Veranstalter storniert
void-event-canceled = Die Veranstaltung ist abgesagt
lets-nobody-in = { $why }. Mit diesem Ticket gibt es keinen Einlass.
live-code = QR-Code, alle zehn Sekunden neu
live-every = alle 10 Sekunden neu: ein Foto davon öffnet nichts
on-another-phone = Dieses Ticket ist auf einem anderen Handy, das seinen Code zeigt.
live-needs-script = Dieses Ticket wird live angezeigt, und das braucht JavaScript: Erlauben Sie es für diese Seite oder fragen Sie die Kasse.
phone-only = Dieses Ticket wird live angezeigt: Sein Code ist auf einem Handy und wechselt alle zehn Sekunden.
phone-needs-script = Das braucht JavaScript: Erlauben Sie es für diese Seite oder fragen Sie die Kasse.
paper-until = Ab { $from } öffnet dieser Code nichts mehr
paper-until-more = weder auf Papier noch als Bild: Das Ticket wird dann live auf Ihrem Handy angezeigt. Übertragen Sie es vorher dorthin.
bind-again = Um es stattdessen hier anzuzeigen, öffnen Sie diese Seite von der Seite Ihrer Buchung aus, mit dem Handy, das Sie mitbringen. Der Code des anderen Handys gilt dann nicht mehr; das geht zweimal, danach hilft die Kasse.
bind-first = Öffnen Sie diese Seite auf dem Handy, das Sie mitbringen, und übertragen Sie das Ticket dorthin: Sein Code wechselt dann alle zehn Sekunden und funktioniert ohne Netz. Jeder andere Code des Tickets, auch auf Papier, gilt von da an nicht mehr.
bind = Auf diesem Handy anzeigen
ticket-code = Ticketcode
cannot-hold-keys = Dieser Browser kann keinen Schlüssel für das Ticket anlegen. Aktualisieren Sie ihn oder öffnen Sie diese Seite im neuesten Chrome, Safari oder Firefox Ihres Handys, nicht in einem privaten Fenster. Bis dahin bleibt der Code auf Papier, wie er ist; fragen Sie beim Einlass die Kasse.
keeps-no-pages = Dieser Browser speichert keine Seiten: Sorgen Sie beim Einlass für Netz oder fragen Sie die Kasse.
page-not-kept = Dieser Browser speichert die Seite nicht: Sorgen Sie beim Einlass für Netz.
page-kept = Auf diesem Handy gespeichert: funktioniert ohne Netz.
no-network = Kein Netz: Versuchen Sie es wieder, sobald Sie welches haben.
clock-never-compared = Die Uhr dieses Handys wurde noch nie mit unserer verglichen: Öffnen Sie diese Seite einmal mit Netz.
clock-set-back = Die Uhr dieses Handys wurde zurückgestellt: Öffnen Sie diese Seite einmal mit Netz.
clock-old =
    { $count ->
        [one] Seit einer Stunde kein Netz: Es funktioniert trotzdem. Wenn es am Einlass heißt, das sei ein Foto, öffnen Sie diese Seite einmal mit Netz.
       *[other] Seit { $shown } Stunden kein Netz: Es funktioniert trotzdem. Wenn es am Einlass heißt, das sei ein Foto, öffnen Sie diese Seite einmal mit Netz.
    }
clock-behind =
    { $count ->
        [one] Die Uhr dieses Handys geht { $shown } Minute nach: Der Code richtet sich nach unserer.
       *[other] Die Uhr dieses Handys geht { $shown } Minuten nach: Der Code richtet sich nach unserer.
    }
clock-ahead =
    { $count ->
        [one] Die Uhr dieses Handys geht { $shown } Minute vor: Der Code richtet sich nach unserer.
       *[other] Die Uhr dieses Handys geht { $shown } Minuten vor: Der Code richtet sich nach unserer.
    }

## Tickets to print
print-title = Tickets zum Drucken: { $event }
print-help = Drucken Sie diese Seite: Jedes Ticket kommt auf ein eigenes Blatt.
booking-code = Buchung
nothing-to-print = Es gibt kein gültiges Ticket zum Drucken.
paper-opens-nothing = Dieses Ticket wird live angezeigt: Sein Code ist auf dem Handy und wechselt alle zehn Sekunden. Papier öffnet nichts: Öffnen Sie die Seite des Tickets auf dem Handy, das Sie mitbringen.
paper-live-from = Ab { $from } öffnet dieser Code nichts mehr: Das Ticket wird dann live auf dem Handy angezeigt. Öffnen Sie vorher seine Seite dort.

## All tickets of an address
my-tickets = Meine Tickets
link-asked = Wenn mit dieser Adresse Tickets gekauft wurden, ist eine E-Mail mit einem Link dorthin unterwegs. Der Link gilt einmal, eine Stunde lang.
link-asked-more = Nach einigen Minuten noch nichts da? Sehen Sie im Spam-Ordner nach oder fragen Sie mit der Adresse an, mit der Sie gekauft haben.
ask-for-link = Geben Sie die Adresse ein, mit der Sie gekauft haben: Sie bekommen eine E-Mail mit einem Link zu allen Ihren Tickets.
ask-for-proof = Bevor Plätze dieser Veranstaltung reserviert werden, rechnet Ihr Gerät kurz, und das ging nicht. Lassen Sie sich stattdessen einen Link mailen: Öffnen Sie ihn in diesem Browser, gehen Sie zur Veranstaltung zurück und reservieren Sie noch einmal.
address = E-Mail-Adresse
send-link = Link zusenden
no-mail = Dieser Server verschickt keine E-Mails: Bewahren Sie die Adresse Ihrer Buchungsseite auf oder fragen Sie den Veranstalter danach.
wrong-address = Das ist keine E-Mail-Adresse: Bitte prüfen Sie sie.
link-once = Der Link gilt einmal, in diesem Browser.
show-my-tickets = Meine Tickets anzeigen
bought-with = Gekauft mit
nothing-bought = Mit dieser Adresse wurde nichts gekauft.
valid-tickets =
    { $count ->
        [one] 1 Ticket
       *[other] { $shown } Tickets
    }
no-valid-tickets = Keine gültigen Tickets
booking-named = Buchung { $code }
leave = Abmelden
leave-everywhere = In allen Browsern abmelden

## Waiting lists
waiting-list = Warteliste
waiting-list-title = Warteliste: { $event }
offered =
    { $count ->
        [one] Bis { $until } ist ein Platz für Sie reserviert.
       *[other] Bis { $until } sind { $shown } Plätze für Sie reserviert.
    }
offered-more = Was Sie bis dahin nicht nehmen, wird der nächsten Person angeboten.
take-places = Plätze nehmen und bezahlen
on-list-first = Sie sind auf der Warteliste, und niemand ist vor Ihnen.
on-list =
    { $count ->
        [one] Sie sind auf der Warteliste; eine Person ist vor Ihnen.
       *[other] Sie sind auf der Warteliste; { $shown } Personen sind vor Ihnen.
    }
on-list-more = Bewahren Sie die Adresse dieser Seite auf und geben Sie sie niemandem: Angebote an Sie erscheinen hier.
offer-taken = Sie haben die angebotenen Plätze genommen. In dem Browser, den Sie benutzt haben, führt die Seite der Veranstaltung zu Ihrer Buchung.
offer-lapsed = Was Ihnen angeboten wurde, haben Sie nicht rechtzeitig genommen, und andere wurden gefragt. Auf der Seite der Veranstaltung können Sie sich wieder auf die Warteliste setzen.
off-list = Sie sind nicht mehr auf der Warteliste.

## The waiting room
waiting-room = Warteraum
waiting-room-title = Warteraum: { $event }
you-are-next = Sie sind als Nächstes dran.
before-you =
    { $count ->
        [one] Eine Person ist vor Ihnen.
       *[other] { $shown } Personen sind vor Ihnen.
    }
takes-minutes =
    { $count ->
        [one] Es dauert etwa eine Minute.
       *[other] Es dauert etwa { $shown } Minuten.
    }
takes-hours =
    { $count ->
        [one] Es dauert etwa eine Stunde.
       *[other] Es dauert etwa { $shown } Stunden.
    }
room-full = Alle Plätze sind gerade reserviert oder verkauft. Plätze, die nicht bezahlt werden, werden wieder frei, und dann geht es weiter.
keep-room-open = Lassen Sie diese Seite offen: Sie führt Sie weiter, wenn Sie dran sind. Dann haben Sie zehn Minuten, um Ihre Tickets auszuwählen. Wenn Sie die Seite neu laden oder in diesem Browser ein zweites Mal öffnen, verlieren Sie weder Ihren Platz, noch bekommen Sie einen weiteren.
loads-again =
    { $count ->
        [one] Diese Seite lädt sich jede Sekunde neu.
       *[other] Diese Seite lädt sich alle { $shown } Sekunden neu.
    }
look-now = Jetzt nachsehen
being-drawn = Die Reihenfolge wird ausgelost.
being-drawn-more = Sie nehmen an der Auslosung teil oder kommen gleich nach allen, die teilnehmen.
you-have-joined = Sie sind dabei.
room-opens = Der Verkauf beginnt am { $opens }.
drawn-among-all = Dann wird die Reihenfolge unter allen ausgelost, die bis dahin dabei sind: Es kommt nicht darauf an, wann Sie gekommen sind.
joined-so-far =
    { $count ->
        [one] Bisher ist { $shown } Person dabei.
       *[other] Bisher sind { $shown } Personen dabei.
    }
room-keeps-place = Lassen Sie diese Seite offen oder kommen Sie in diesem Browser zu ihr zurück: Sie hält Ihren Platz.
turn-over = Ihre zehn Minuten sind um.
turn-over-more = Wenn Sie noch Tickets möchten, stellen Sie sich wieder an. Was Sie reserviert oder gekauft haben, bleibt Ihres.
one-after-other = Viele möchten Tickets für diese Veranstaltung, und alle kommen der Reihe nach dran.
same-chance = Wer sich bis dahin anstellt, hat die gleiche Chance, egal wann.
join-queue = Anstellen
how-drawn = So wird die Reihenfolge ausgelost
how-drawn-more = Niemand kann bestimmen, wer zuerst drankommt, auch der Veranstalter oder dieser Server allein nicht. Bevor jemand kam, hat sich der Server auf eine geheime Zahl festgelegt. Wenn der Verkauf beginnt, veröffentlicht er die Liste aller, die dabei sind, und erst danach wird ein öffentlicher Wert bekannt, den niemand vorhersehen konnte. Zahl, Liste und Wert zusammen ergeben die Reihenfolge.
public-value = Öffentlicher Wert:
commitment = Festlegung:
draw-check = Alle können es nachrechnen. Das Programm { $program } prüft die veröffentlichte Liste.
published-list = Die veröffentlichte Liste

## What went wrong
not-found-title = Nicht gefunden
refused-title = Das geht gerade nicht
our-fault-title = Bei uns stimmt etwas nicht
