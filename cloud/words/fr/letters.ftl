# Ce que disent les lettres aux acheteurs, en français (vouvoiement).

## Tickets
letter-tickets-subject = Vos billets pour { $event }
letter-tickets-here = { $organizer } : vos billets sont là.
letter-doors = Ouverture des portes : { $doors }
letter-live = affiché en direct, seulement sur votre téléphone
letter-live-from = affiché en direct, à partir du { $from } seulement sur votre téléphone
letter-show-at-gate = Présentez-les à l’entrée, sur votre téléphone ou sur papier :
letter-keep = Gardez cette adresse pour vous : quiconque l’a peut utiliser vos billets.
letter-code-use = pour la billetterie ; il n’ouvre rien
letter-paid = Payé : { $amount }
letter-receipt = Reçu : { $number }
letter-ticket = { $tier }, { $place }
letter-show-ticket = Afficher mon billet
letter-show-booking = Afficher ma réservation

## What has become of them
letter-reissued-subject = Un nouveau code pour votre billet pour { $event }
letter-reissued = Votre billet { $ticket } a un nouveau code.
letter-reissued-more = L’ancien code ne donne plus accès, même imprimé ou enregistré.
letter-transferred-subject = Votre billet pour { $event } appartient maintenant à quelqu’un d’autre
letter-transferred = Votre billet { $ticket } a été cédé à quelqu’un d’autre.
letter-transferred-more = Son code ne donne plus accès. Si vous ne l’avez pas demandé, prévenez tout de suite la billetterie.
letter-received-subject = Votre billet pour { $event }
letter-received = Le billet { $ticket } est maintenant à vous.
letter-received-more = Gardez l’adresse de sa page pour vous : quiconque l’a peut utiliser votre billet.
letter-refund-subject = Remboursement pour { $event }
letter-refund = { $amount } de votre réservation ont été remboursés.
letter-refund-more = Votre banque met quelques jours à l’afficher.

## What has become of the event
letter-moved-subject = Nouvelle date : { $event }
letter-moved = { $event } a une nouvelle date : { $starts }.
letter-moved-more = Vos billets restent valables pour la nouvelle date ; vous n’avez rien à faire.
letter-canceled-subject = Annulé : { $event }
letter-canceled = { $event } n’a pas lieu. Vos billets ne donnent plus accès.
letter-canceled-more = Ce que vous avez payé en ligne est remboursé par le moyen de paiement utilisé ; vous n’avez rien à faire. Si vous avez payé au guichet ou par virement, adressez-vous à l’organisateur.
letter-canceled-holder = Ce qui a été payé est remboursé à la personne qui a acheté vos billets ; vous n’avez rien à faire.

## Places that came back
letter-offer-subject = Des places pour { $event } sont retenues pour vous
letter-offer = Vous attendiez des places pour { $event }, et certaines se sont libérées.
letter-offer-held =
    { $count ->
        [one] { $shown } place ({ $tier }) est retenue pour vous jusqu’au { $until }. Si vous ne la prenez pas d’ici là, elle est proposée à la personne suivante.
       *[other] { $shown } places ({ $tier }) sont retenues pour vous jusqu’au { $until }. Si vous ne les prenez pas d’ici là, elles sont proposées à la personne suivante.
    }
letter-offer-take = Prendre les places

## A link to all tickets of an address
letter-link-subject = L’accès à vos billets
letter-link = Quelqu’un, sans doute vous, a demandé les billets achetés avec cette adresse.
letter-link-ends = Le lien fonctionne une seule fois, pendant une heure. Si vous ne l’avez pas demandé, ne faites rien : personne d’autre ne l’a.
letter-address-subject = Le chemin vers vos places
letter-address = Quelqu’un, très probablement vous, veut réserver des places pour un événement qui tient les programmes à l’écart. Ouvrez ce lien dans le navigateur avec lequel vous achetez, revenez-y à l’événement et réservez à nouveau.
letter-address-button = Montrer que je lis cette adresse
