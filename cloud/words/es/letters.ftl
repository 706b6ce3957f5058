# Lo que dicen las cartas a quienes compran, en español (de usted).

## Tickets
letter-tickets-subject = Sus entradas para { $event }
letter-tickets-here = { $organizer }: aquí están sus entradas.
letter-doors = Apertura de puertas: { $doors }
letter-live = se muestra en directo, solo en su móvil
letter-live-from = se muestra en directo, desde el { $from } solo en su móvil
letter-show-at-gate = Muéstrelas en el acceso, en el móvil o en papel:
letter-keep = Guarde esta dirección para usted: quien la tenga puede usar sus entradas.
letter-code-use = para la taquilla; no abre nada
letter-paid = Pagado: { $amount }
letter-receipt = Recibo: { $number }
letter-ticket = { $tier }, { $place }
letter-show-ticket = Mostrar mi entrada
letter-show-booking = Mostrar mi reserva

## What has become of them
letter-reissued-subject = Un código nuevo para su entrada para { $event }
letter-reissued = Su entrada { $ticket } tiene un código nuevo.
letter-reissued-more = El código anterior ya no da acceso, tampoco impreso o guardado.
letter-transferred-subject = Su entrada para { $event } es ahora de otra persona
letter-transferred = Su entrada { $ticket } se transfirió a otra persona.
letter-transferred-more = Su código ya no da acceso. Si usted no lo pidió, avise enseguida a la taquilla.
letter-received-subject = Su entrada para { $event }
letter-received = La entrada { $ticket } es ahora suya.
letter-received-more = Guarde la dirección de su página para usted: quien la tenga puede usar su entrada.
letter-refund-subject = Devolución por { $event }
letter-refund = Se le han devuelto { $amount } de su reserva.
letter-refund-more = Su banco tarda unos días en mostrarlo.

## What has become of the event
letter-moved-subject = Nueva fecha: { $event }
letter-moved = { $event } tiene otra fecha: { $starts }.
letter-moved-more = Sus entradas valen para la nueva fecha; usted no tiene que hacer nada.
letter-canceled-subject = Cancelado: { $event }
letter-canceled = { $event } no se celebra. Sus entradas ya no dan acceso.
letter-canceled-more = Lo que ha pagado en línea se le devuelve por el mismo medio de pago; usted no tiene que hacer nada. Si pagó en taquilla o por transferencia, diríjase al organizador.
letter-canceled-holder = Lo que se pagó se devuelve a quien compró sus entradas; usted no tiene que hacer nada.

## Places that came back
letter-offer-subject = Plazas para { $event } reservadas para usted
letter-offer = Usted esperaba plazas para { $event }, y algunas han quedado libres.
letter-offer-held =
    { $count ->
        [one] Tiene una plaza ({ $tier }) reservada hasta el { $until }. Si no la toma hasta entonces, se pregunta a la siguiente persona.
       *[other] Tiene { $shown } plazas ({ $tier }) reservadas hasta el { $until }. Si no las toma hasta entonces, se pregunta a la siguiente persona.
    }
letter-offer-take = Tomar las plazas

## A link to all tickets of an address
letter-link-subject = El acceso a sus entradas
letter-link = Alguien, seguramente usted, ha pedido las entradas que se compraron con esta dirección.
letter-link-ends = El enlace sirve una vez, durante una hora. Si usted no lo pidió, no haga nada: nadie más lo tiene.
letter-address-subject = El camino a sus plazas
letter-address = Alguien, muy probablemente usted, quiere reservar plazas de un evento que no admite programas. Abra este enlace en el navegador con el que compra, vuelva allí al evento y reserve de nuevo.
letter-address-button = Mostrar que leo esta dirección
