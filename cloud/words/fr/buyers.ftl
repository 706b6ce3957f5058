# Ce que lisent les acheteurs sur les pages, en français (vouvoiement).

## Dates, amounts, places
weekday =
    { $day ->
        [1] lun.
        [2] mar.
        [3] mer.
        [4] jeu.
        [5] ven.
        [6] sam.
       *[7] dim.
    }
month =
    { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    }
day-and-time = { $weekday } { $day } { $month } { $year } à { $time }
decimal-mark = ,
group-mark = { "\u202F" }
amount = { $number }{ "\u00A0" }{ $currency }
free = gratuit
seat-name = { $section }, rang { $row }, place { $seat }
slot-name = n°{ "\u00A0" }{ $number }
foreign-name = n°{ "\u00A0" }{ $number } de l’autre vendeur
unknown-name = place { $number }

## Every page
languages = Langue
on-sale-link = Voir les événements en vente
event-page-link = Vers la page de l’événement

## What is on sale
on-sale = En vente
search-for = Rechercher
search-hint = Nom, salle…
city = Ville
category = Type
category-any = tous
category-concert = concert
category-festival = festival
category-club = soirée club
category-theatre = théâtre
category-comedy = humour
category-classical = musique classique
category-film = cinéma
category-sport = sport
category-family = famille
category-exhibition = exposition
category-conference = conférence
category-other = autre
from-day = Du
until-day = Au
price-filter = Billets
price-any = à tous les prix
price-up-to = jusqu’à { $amount }
near-me = Près de moi
place-unknown = Votre position est inconnue
search = Rechercher
nothing-on-sale = Rien n’est en vente en ce moment.
nothing-found = Aucun résultat. Essayez avec moins de mots, une autre ville ou davantage de jours.
price-from = à partir de { $price }
mark-canceled = annulé
mark-paused = vente suspendue
more-events = Plus d’événements

## An event
test-sale = Vente de test : rien n’est débité.
test-sale-more = Cette page n’accepte que des cartes de test et ne vous coûte rien.
too-long = C’est trop long : veuillez raccourcir.
event-canceled = Cet événement est annulé.
event-canceled-more = Il n’a pas lieu, et ses billets ne donnent plus accès. Ce qui a été payé en ligne est remboursé par le moyen de paiement utilisé ; vous n’avez rien à faire. Si vous avez payé au guichet ou par virement, adressez-vous à l’organisateur.
event-over = Cet événement est terminé.
event-over-more = Ses billets ne sont plus en vente.
sale-stopped = Aucun autre billet n’est vendu ici en ce moment.
sale-stopped-more = Les billets déjà achetés restent valables.
sale-paused = La vente est suspendue.
sale-paused-more = Vous ne pouvez pas acheter de billets en ce moment, et rien n’est débité. Les billets déjà achetés restent valables. Veuillez revenir plus tard.
sale-begins = La vente ouvre le { $begins }.
sale-begins-more = Veuillez revenir à ce moment-là. Avec un code de prévente, vous pouvez acheter dès maintenant : saisissez-le ci-dessous.
has-waiting-room = Cet événement a une file d’attente.
has-waiting-room-more = Chacun entre à son tour, et ce n’est pas encore le vôtre.
to-waiting-room = Aller à la file d’attente
needs-script = Pour acheter ici, autorisez JavaScript sur cette page.
needs-script-more = Les programmes peuvent utiliser l’API : voir
choose-tickets = Choisissez vos billets
admits =
    { $count ->
        [one] valable pour { $shown } personne
       *[other] valable pour { $shown } personnes
    }
tickets-left = disponibles
how-many = Nombre
sold-from = en vente à partir du { $begins }
no-longer-sold = plus en vente
at-most-at-once = { $most } au plus par commande
at-least-at-once = { $fewest } au moins par commande
exactly-at-once = { $most } par commande
range-at-once = de { $fewest } à { $most } par commande
live-always = sur votre téléphone, pas sur papier
live-from = à partir du { $from }, sur votre téléphone seulement, pas sur papier
service-fee = { $amount } de frais de service
tax = { $amount } de taxes
with-part = dont { $part }
with-parts = dont { $first } et { $second }
code-label = Code, si vous en avez un
code-use = Utiliser le code
code-used = Le code { $code } est utilisé.
best-seats = Pour les billets avec place assise, vous recevez les meilleures places libres, côte à côte si possible.
pick-seats = … ou choisissez vos places
seat-free = libre
seat-yours = à vous
seat-taken = prise
seat-dear = plus chère
show-costs = Prix par place
any-price = tous les prix
price-nothing = gratuit
map-name = Plan de salle
map-picture = Plan des places
map-tools = Déplacer le plan
zoom-in = Agrandir
zoom-out = Réduire
move-left = Vers la gauche
move-right = Vers la droite
move-up = Vers le haut
move-down = Vers le bas
whole-house = Toute la salle
map-help = Au clavier : les flèches vont d’une place à l’autre, Entrée choisit, plus et moins changent la taille, Échap montre toute la salle. Vous pouvez aussi utiliser la liste ci-dessous.
seats-by-row = Places par rang
section = Zone
row = Rang
seats-of-row = Places du rang
seats-loading = Chargement des places…
wait-summary = Attendre des places qui se libèrent
wait-more = Elles sont proposées à une personne après l’autre, dans l’ordre d’inscription. Chaque offre est valable un jour.
which-tickets = Quels billets
your-address = Votre adresse e-mail
wait = M’inscrire sur la liste
nothing-chosen = Rien n’est encore choisi
reserve = Réserver
pay = Payer
how-you-pay = Moyen de paiement
test-card = Carte de test
by-invoice =
    { $count ->
        [one] Virement sous un jour : vous recevez vos billets dès qu’il est arrivé
       *[other] Virement sous { $shown } jours : vous recevez vos billets dès qu’il est arrivé
    }
give-back = Libérer les places

## What the script of an event's page says
went-wrong = Une erreur s’est produite.
most-tickets =
    { $count ->
        [one] { $shown } billet au plus à la fois
       *[other] { $shown } billets au plus à la fois
    }
fewest-of = Au moins { $fewest } × { $tier }
most-of = Au plus { $most } × { $tier }
tickets-sum =
    { $count ->
        [one] { $shown } billet, { $price }
       *[other] { $shown } billets, { $price }
    }
none-left = complet
seats-left =
    { $count ->
        [one] { $shown } place libre
       *[other] { $shown } places libres
    }
free-of-charge = gratuit
left-from = { $left }, { $price }
seat-is = { $seat }, { $state }
lost-seats = Quelqu’un a été plus rapide : { $seats }. Veuillez choisir à nouveau.
book = Réserver
pay-amount = Payer { $amount }
held =
    { $count ->
        [one] { $shown } place retenue, { $amount } au total.
       *[other] { $shown } places retenues, { $amount } au total.
    }
time-left = encore { $time }
time-up = Votre temps est écoulé, et les places sont de nouveau libres pour tous. Veuillez choisir à nouveau.
proving = Un instant : votre appareil fait un bref calcul, afin que des programmes ne puissent pas réserver toutes les places.
row-named = Rang { $row } ({ $left })
section-named = { $section } ({ $left })
map-summary = Plan des places. { $sections }.
map-more = et d’autres
seats-not-shown = Les places ne peuvent pas être affichées pour le moment.
not-on-sale = Cet événement n’est pas en vente.

## A booking
your-tickets = Vos billets
your-booking = Votre réservation
booking-code-is = Code de réservation :
booking-code-use = Indiquez-le à la billetterie pour toute question sur cette réservation.
booking-canceled = L’événement est annulé.
booking-canceled-more = Il n’a pas lieu, et ces billets ne donnent plus accès. Ce que vous avez payé en ligne est remboursé par le moyen de paiement utilisé ; vous n’avez rien à faire. Si vous avez payé au guichet ou par virement, adressez-vous à l’organisateur.
paid = Payé : { $amount }.
given-back = Remboursé : { $amount }.
keep-address = Gardez l’adresse de cette page et ne la donnez à personne : quiconque l’a peut utiliser vos billets.
admits-people =
    { $count ->
        [one] Valable pour { $shown } personne
       *[other] Valable pour { $shown } personnes
    }
show-ticket = Afficher le billet
print-all = Imprimer tous les billets
as-pdf = en PDF
four-to-a-page = quatre par page
add-to-calendar = ajouter à votre calendrier
continue-at-bank = Continuer chez votre banque
booking-paying = Le paiement n’est pas encore terminé : revenez dans une minute, et ne payez pas une seconde fois.
booking-action-required = Votre banque vous demande de confirmer le paiement. Vos places sont gardées en attendant, et rien n’est débité avant votre confirmation.
booking-processing = Votre banque traite encore le paiement. Vos billets apparaîtront ici dès qu’elle aura terminé ; ne payez pas une seconde fois.
booking-declined = Il n’y a pas de billets : le paiement a été refusé, et rien n’a été débité. Vos places sont encore retenues : essayez une autre carte sur la page de l’événement.
booking-declined-and-free = Il n’y a pas de billets : le paiement a été refusé, et rien n’a été débité. Vos places sont de nouveau libres pour tous : choisissez-en sur la page de l’événement.
booking-refunding = Il n’y a pas de billets : ils n’ont pas pu être émis, et votre argent vous est rendu.
booking-refunded = Il n’y a pas de billets : ils n’ont pas pu être émis, et l’argent a été remboursé.
booking-unpaid = Il n’y a pas de billets : la réservation n’a pas été payée, et rien n’a été débité. Choisissez à nouveau des places.

## A ticket
ticket-title = Billet : { $event }
void-transferred = Cédé à quelqu’un d’autre
void-replaced = Remplacé par un billet plus récent
void-revoked = Annulé par l’organisateur
void-event-canceled = L’événement est annulé
lets-nobody-in = { $why }. Ce billet ne donne plus accès.
live-code = Code QR, renouvelé toutes les dix secondes
live-every = renouvelé toutes les 10 secondes : une photo n’ouvre rien
on-another-phone = Ce billet est sur un autre téléphone, qui affiche son code.
live-needs-script = Ce billet s’affiche en direct, ce qui demande JavaScript : autorisez-le pour cette page, ou adressez-vous à la billetterie.
phone-only = Ce billet s’affiche en direct : son code est sur un téléphone et change toutes les dix secondes.
phone-needs-script = Cela demande JavaScript : autorisez-le pour cette page, ou adressez-vous à la billetterie.
paper-until = À partir du { $from }, ce code n’ouvre plus rien
paper-until-more = ni sur papier ni en photo : le billet s’affiche alors en direct sur votre téléphone. Mettez-le dessus avant.
bind-again = Pour l’afficher plutôt ici, ouvrez cette page depuis celle de votre réservation, avec le téléphone que vous apporterez. Le code de l’autre téléphone ne vaut alors plus rien ; vous pouvez le faire deux fois, ensuite la billetterie vous aide.
bind-first = Ouvrez cette page sur le téléphone que vous apporterez et mettez-y le billet : son code change alors toutes les dix secondes et fonctionne sans réseau. Tout autre code de ce billet, sur papier aussi, ne vaut alors plus rien.
bind = Afficher sur ce téléphone
ticket-code = Code du billet
cannot-hold-keys = Ce navigateur ne peut pas créer de clé pour le billet. Mettez-le à jour, ou ouvrez cette page dans la dernière version de Chrome, Safari ou Firefox sur votre téléphone, pas en navigation privée. D’ici là, le code sur papier reste valable ; à l’entrée, adressez-vous à la billetterie.
keeps-no-pages = Ce navigateur ne garde pas de pages : ayez du réseau à l’entrée, ou adressez-vous à la billetterie.
page-not-kept = Ce navigateur ne garde pas la page : ayez du réseau à l’entrée.
page-kept = Gardé sur ce téléphone : fonctionne sans réseau.
no-network = Pas de réseau : réessayez quand il y en aura.
clock-never-compared = L’horloge de ce téléphone n’a jamais été comparée à la nôtre : ouvrez cette page une fois avec du réseau.
clock-set-back = L’horloge de ce téléphone a été retardée : ouvrez cette page une fois avec du réseau.
clock-old =
    { $count ->
        [one] Pas de réseau depuis { $shown } heure : cela fonctionne quand même. Si l’on vous dit à l’entrée que c’est une photo, ouvrez cette page une fois avec du réseau.
       *[other] Pas de réseau depuis { $shown } heures : cela fonctionne quand même. Si l’on vous dit à l’entrée que c’est une photo, ouvrez cette page une fois avec du réseau.
    }
clock-behind =
    { $count ->
        [one] L’horloge de ce téléphone retarde de { $shown } minute : le code suit la nôtre.
       *[other] L’horloge de ce téléphone retarde de { $shown } minutes : le code suit la nôtre.
    }
clock-ahead =
    { $count ->
        [one] L’horloge de ce téléphone avance de { $shown } minute : le code suit la nôtre.
       *[other] L’horloge de ce téléphone avance de { $shown } minutes : le code suit la nôtre.
    }

## Tickets to print
print-title = Billets à imprimer : { $event }
print-help = Imprimez cette page : chaque billet est sur une feuille à part.
booking-code = Réservation
nothing-to-print = Il n’y a pas de billet valable à imprimer.
paper-opens-nothing = Ce billet s’affiche en direct : son code est sur le téléphone et change toutes les dix secondes. Le papier n’ouvre rien : ouvrez la page du billet sur le téléphone que vous apporterez.
paper-live-from = À partir du { $from }, ce code n’ouvre plus rien : le billet s’affiche alors en direct sur le téléphone. Ouvrez-y sa page avant.

## All tickets of an address
my-tickets = Mes billets
link-asked = Si des billets ont été achetés avec cette adresse, un e-mail avec un lien est en route. Le lien fonctionne une seule fois, pendant une heure.
link-asked-more = Toujours rien après quelques minutes ? Regardez dans les indésirables, ou refaites la demande avec l’adresse utilisée pour l’achat.
ask-for-link = Saisissez l’adresse utilisée pour l’achat : vous recevrez un e-mail avec un lien vers tous vos billets.
ask-for-proof = Avant que des places de cet événement soient réservées, votre appareil fait un bref calcul, et cela n’a pas marché. Demandez plutôt un lien par courriel : ouvrez-le dans ce navigateur, revenez à l’événement et réservez à nouveau.
address = Adresse e-mail
send-link = M’envoyer le lien
no-mail = Ce serveur n’envoie pas d’e-mails : gardez l’adresse de la page de votre réservation, ou demandez-la à l’organisateur.
wrong-address = Ce n’est pas une adresse e-mail : vérifiez-la.
link-once = Le lien fonctionne une seule fois, dans ce navigateur.
show-my-tickets = Afficher mes billets
bought-with = Achetés avec
nothing-bought = Rien n’a été acheté avec cette adresse.
valid-tickets =
    { $count ->
        [one] { $shown } billet
       *[other] { $shown } billets
    }
no-valid-tickets = Aucun billet valable
booking-named = réservation { $code }
leave = Se déconnecter
leave-everywhere = Se déconnecter de tous les navigateurs

## Waiting lists
waiting-list = Liste d’attente
waiting-list-title = Liste d’attente : { $event }
offered =
    { $count ->
        [one] { $shown } place est retenue pour vous jusqu’au { $until }.
       *[other] { $shown } places sont retenues pour vous jusqu’au { $until }.
    }
offered-more = Ce que vous ne prenez pas d’ici là est proposé à la personne suivante.
take-places = Prendre les places et payer
on-list-first = Vous êtes sur la liste, et personne n’est avant vous.
on-list =
    { $count ->
        [one] Vous êtes sur la liste ; { $shown } personne est avant vous.
       *[other] Vous êtes sur la liste ; { $shown } personnes sont avant vous.
    }
on-list-more = Gardez l’adresse de cette page et ne la donnez à personne : les offres qui vous sont faites apparaissent ici.
offer-taken = Vous avez pris les places qui vous ont été proposées. Dans le navigateur utilisé, la page de l’événement mène à votre réservation.
offer-lapsed = Ce qui vous a été proposé n’a pas été pris à temps, et d’autres ont été sollicités. Vous pouvez vous réinscrire sur la page de l’événement.
off-list = Vous n’êtes plus sur la liste.

## The waiting room
waiting-room = File d’attente
waiting-room-title = File d’attente : { $event }
you-are-next = C’est bientôt votre tour : vous êtes en tête.
before-you =
    { $count ->
        [one] { $shown } personne est avant vous.
       *[other] { $shown } personnes sont avant vous.
    }
takes-minutes =
    { $count ->
        [one] L’attente est d’environ une minute.
       *[other] L’attente est d’environ { $shown } minutes.
    }
takes-hours =
    { $count ->
        [one] L’attente est d’environ { $shown } heure.
       *[other] L’attente est d’environ { $shown } heures.
    }
room-full = Toutes les places sont retenues ou vendues en ce moment. Celles qui ne sont pas payées se libèrent, et la file avance alors.
keep-room-open = Gardez cette page ouverte : elle vous mène plus loin quand c’est votre tour. Vous avez alors dix minutes pour choisir vos billets. Recharger la page, ou l’ouvrir une seconde fois dans ce navigateur, ne vous fait pas perdre votre place et ne vous en donne pas d’autre.
loads-again =
    { $count ->
        [one] Cette page se recharge toutes les secondes.
       *[other] Cette page se recharge toutes les { $shown } secondes.
    }
look-now = Regarder maintenant
being-drawn = L’ordre est en cours de tirage.
being-drawn-more = Vous participez au tirage, ou passez juste après les participants.
you-have-joined = Vous êtes inscrit.
room-opens = La vente ouvre le { $opens }.
drawn-among-all = L’ordre est alors tiré au sort entre tous les inscrits : peu importe quand vous êtes arrivé.
joined-so-far =
    { $count ->
        [one] { $shown } personne inscrite jusqu’ici.
       *[other] { $shown } personnes inscrites jusqu’ici.
    }
room-keeps-place = Gardez cette page ouverte, ou revenez-y dans ce navigateur : elle garde votre place.
turn-over = Vos dix minutes sont écoulées.
turn-over-more = Si vous voulez encore des billets, rejoignez à nouveau la file. Ce que vous avez réservé ou acheté reste à vous.
one-after-other = Beaucoup de personnes veulent des billets pour cet événement, et chacune entre à son tour.
same-chance = Toute personne inscrite avant a la même chance, peu importe quand elle arrive.
join-queue = Rejoindre la file
how-drawn = Comment l’ordre est tiré au sort
how-drawn-more = Personne ne peut choisir qui passe en premier, pas même l’organisateur ou ce serveur seul. Avant toute arrivée, le serveur s’est engagé sur un nombre secret. À l’ouverture de la vente, il publie la liste de tous les inscrits, et ce n’est qu’ensuite qu’est connue une valeur publique que personne ne pouvait prévoir. Nombre, liste et valeur donnent ensemble l’ordre.
public-value = Valeur publique :
commitment = Engagement :
draw-check = Chacun peut refaire le calcul. Le programme { $program } vérifie la liste publiée.
published-list = La liste publiée

## What went wrong
not-found-title = Introuvable
refused-title = Ce n’est pas possible pour le moment
our-fault-title = Un problème est survenu de notre côté
