# Was Briefe an Käuferinnen und Käufer sagen, auf Deutsch (mit „Sie“).

## Tickets
letter-tickets-subject = Ihre Tickets für { $event }
letter-tickets-here = { $organizer }: Ihre Tickets sind da.
letter-doors = Einlass: { $doors }
letter-live = wird live angezeigt, nur auf Ihrem Handy
letter-live-from = wird live angezeigt, ab { $from } nur auf Ihrem Handy
letter-show-at-gate = Zeigen Sie sie beim Einlass, auf dem Handy oder auf Papier:
letter-keep = Behalten Sie diese Adresse für sich: Wer sie hat, kann Ihre Tickets benutzen.
letter-code-use = für die Kasse; er öffnet nichts
letter-paid = Bezahlt: { $amount }
letter-receipt = Beleg: { $number }
letter-ticket = { $tier }, { $place }
letter-show-ticket = Mein Ticket anzeigen
letter-show-booking = Meine Buchung anzeigen

## What has become of them
letter-reissued-subject = Ein neuer Code für Ihr Ticket für { $event }
letter-reissued = Ihr Ticket { $ticket } hat einen neuen Code.
letter-reissued-more = Mit dem alten Code gibt es keinen Einlass mehr, auch wo er gedruckt oder gespeichert ist.
letter-transferred-subject = Ihr Ticket für { $event } gehört jetzt jemand anderem
letter-transferred = Ihr Ticket { $ticket } wurde an jemand anderen übertragen.
letter-transferred-more = Mit seinem Code gibt es keinen Einlass mehr. Wenn Sie das nicht veranlasst haben, sagen Sie es sofort der Kasse.
letter-received-subject = Ihr Ticket für { $event }
letter-received = Das Ticket { $ticket } gehört jetzt Ihnen.
letter-received-more = Behalten Sie die Adresse seiner Seite für sich: Wer sie hat, kann Ihr Ticket benutzen.
letter-refund-subject = Erstattung für { $event }
letter-refund = Von Ihrer Buchung wurden { $amount } erstattet.
letter-refund-more = Bis Ihre Bank es anzeigt, vergehen einige Tage.

## What has become of the event
letter-moved-subject = Neuer Termin: { $event }
letter-moved = { $event } hat einen neuen Termin: { $starts }.
letter-moved-more = Ihre Tickets gelten auch für den neuen Termin; Sie müssen nichts tun.
letter-canceled-subject = Abgesagt: { $event }
letter-canceled = { $event } findet nicht statt. Mit Ihren Tickets gibt es keinen Einlass.
letter-canceled-more = Was Sie online bezahlt haben, bekommen Sie auf dem Zahlungsweg zurück; Sie müssen nichts tun. Wenn Sie an der Kasse oder per Überweisung bezahlt haben, wenden Sie sich dafür an den Veranstalter.
letter-canceled-holder = Was bezahlt wurde, bekommt zurück, wer Ihre Tickets gekauft hat; Sie müssen nichts tun.

## Places that came back
letter-offer-subject = Für Sie reserviert: Plätze für { $event }
letter-offer = Sie haben auf Plätze für { $event } gewartet, und einige sind wieder frei.
letter-offer-held =
    { $count ->
        [one] Bis { $until } ist ein Platz ({ $tier }) für Sie reserviert. Wenn Sie ihn bis dahin nicht nehmen, wird die nächste Person gefragt.
       *[other] Bis { $until } sind { $shown } Plätze ({ $tier }) für Sie reserviert. Wenn Sie sie bis dahin nicht nehmen, wird die nächste Person gefragt.
    }
letter-offer-take = Plätze nehmen

## A link to all tickets of an address
letter-link-subject = Der Weg zu Ihren Tickets
letter-link = Jemand, wahrscheinlich Sie, hat nach den Tickets gefragt, die mit dieser Adresse gekauft wurden.
letter-link-ends = Der Link gilt einmal, eine Stunde lang. Wenn Sie ihn nicht angefordert haben, müssen Sie nichts tun: Niemand sonst hat ihn.
letter-address-subject = Der Weg zu Ihren Plätzen
letter-address = Jemand, wahrscheinlich Sie, möchte Plätze einer Veranstaltung reservieren, die Programme fernhält. Öffnen Sie diesen Link in dem Browser, mit dem Sie kaufen, gehen Sie dort zur Veranstaltung zurück und reservieren Sie noch einmal.
letter-address-button = Zeigen, dass ich diese Adresse lese
