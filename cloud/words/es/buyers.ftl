# Lo que leen quienes compran en las páginas, en español (de usted).

## Dates, amounts, places
weekday =
    { $day ->
        [1] lun
        [2] mar
        [3] mié
        [4] jue
        [5] vie
        [6] sáb
       *[7] dom
    }
month =
    { $month ->
        [1] enero
        [2] febrero
        [3] marzo
        [4] abril
        [5] mayo
        [6] junio
        [7] julio
        [8] agosto
        [9] septiembre
        [10] octubre
        [11] noviembre
       *[12] diciembre
    }
day-and-time = { $weekday }, { $day } de { $month } de { $year }, { $time }
decimal-mark = ,
group-mark = .
amount = { $number }{ "\u00A0" }{ $currency }
free = gratis
seat-name = { $section }, fila { $row }, asiento { $seat }
slot-name = n.º { $number }
foreign-name = n.º { $number } del otro vendedor
unknown-name = plaza { $number }

## Every page
languages = Idioma
on-sale-link = Ver los eventos a la venta
event-page-link = A la página del evento

## What is on sale
on-sale = A la venta
search-for = Buscar
search-hint = Nombre, recinto…
city = Ciudad
category = Tipo
category-any = todos
category-concert = concierto
category-festival = festival
category-club = discoteca
category-theatre = teatro
category-comedy = comedia
category-classical = música clásica
category-film = cine
category-sport = deporte
category-family = familia
category-exhibition = exposición
category-conference = conferencia
category-other = otros
from-day = Desde
until-day = Hasta
price-filter = Entradas
price-any = a cualquier precio
price-up-to = hasta { $amount }
near-me = Cerca de mí
place-unknown = No se conoce su ubicación
search = Buscar
nothing-on-sale = Ahora mismo no hay nada a la venta.
nothing-found = Sin resultados. Pruebe con menos palabras, otra ciudad o más días.
price-from = desde { $price }
mark-canceled = cancelado
mark-paused = venta en pausa
more-events = Más eventos

## An event
test-sale = Venta de prueba: no se cobra nada.
test-sale-more = Esta página solo acepta tarjetas de prueba y no le cuesta nada.
too-long = Es demasiado largo: acórtelo, por favor.
event-canceled = Este evento está cancelado.
event-canceled-more = No se celebra, y sus entradas ya no dan acceso. Lo que se pagó en línea se devuelve por el mismo medio de pago; usted no tiene que hacer nada. Si pagó en taquilla o por transferencia, diríjase al organizador.
event-over = Este evento ha terminado.
event-over-more = Ya no se venden entradas.
sale-stopped = Ahora mismo no se venden más entradas aquí.
sale-stopped-more = Las entradas ya compradas siguen siendo válidas.
sale-paused = La venta está en pausa.
sale-paused-more = Ahora mismo no puede comprar entradas, y no se le cobra nada. Las entradas ya compradas siguen siendo válidas. Vuelva más tarde, por favor.
sale-begins = La venta empieza el { $begins }.
sale-begins-more = Vuelva entonces, por favor. Con un código de preventa puede comprar ya: introdúzcalo abajo.
has-waiting-room = Este evento tiene una sala de espera.
has-waiting-room-more = Se entra por turnos, y todavía no es el suyo.
to-waiting-room = Ir a la sala de espera
needs-script = Para comprar aquí, permita JavaScript en esta página.
needs-script-more = Los programas pueden usar la API: véase
choose-tickets = Elija sus entradas
admits =
    { $count ->
        [one] válida para una persona
       *[other] válida para { $shown } personas
    }
tickets-left = disponibles
how-many = Cantidad
sold-from = a la venta desde el { $begins }
no-longer-sold = ya no se vende
at-most-at-once = { $most } como máximo por pedido
at-least-at-once = { $fewest } como mínimo por pedido
exactly-at-once = { $most } por pedido
range-at-once = de { $fewest } a { $most } por pedido
live-always = en su móvil, no en papel
live-from = desde el { $from } solo en su móvil, no en papel
service-fee = { $amount } de gastos de gestión
tax = { $amount } de impuestos
with-part = incluye { $part }
with-parts = incluye { $first } y { $second }
code-label = Código, si tiene uno
code-use = Usar código
code-used = Se usa { $code }.
best-seats = Para las entradas con asiento recibe los mejores asientos libres, juntos si es posible.
pick-seats = … o elija sus asientos
seat-free = libre
seat-yours = suyo
seat-taken = ocupado
seat-dear = más caro
show-costs = Precio por asiento
any-price = cualquier precio
price-nothing = gratis
map-name = Plano de la sala
map-picture = Plano de los asientos
map-tools = Mover el plano
zoom-in = Ampliar
zoom-out = Reducir
move-left = A la izquierda
move-right = A la derecha
move-up = Hacia arriba
move-down = Hacia abajo
whole-house = Toda la sala
map-help = Con el teclado: las flechas van de asiento en asiento, Intro elige, más y menos cambian el tamaño, Escape muestra toda la sala. O use la lista de abajo.
seats-by-row = Asientos por filas
section = Zona
row = Fila
seats-of-row = Asientos de la fila
seats-loading = Cargando los asientos…
wait-summary = Esperar plazas que queden libres
wait-more = Se ofrecen a una persona tras otra, por orden de inscripción. Cada oferta dura un día.
which-tickets = Qué entradas
your-address = Su correo electrónico
wait = Apuntarme
nothing-chosen = Todavía no ha elegido nada
reserve = Reservar
pay = Pagar
how-you-pay = Forma de pago
test-card = Tarjeta de prueba
by-invoice =
    { $count ->
        [one] Transferencia en un día: recibe sus entradas en cuanto llegue
       *[other] Transferencia en { $shown } días: recibe sus entradas en cuanto llegue
    }
give-back = Liberar las plazas

## What the script of an event's page says
went-wrong = Algo ha salido mal.
most-tickets =
    { $count ->
        [one] { $shown } entrada como máximo a la vez
       *[other] { $shown } entradas como máximo a la vez
    }
fewest-of = Al menos { $fewest } × { $tier }
most-of = Como máximo { $most } × { $tier }
tickets-sum =
    { $count ->
        [one] { $shown } entrada, { $price }
       *[other] { $shown } entradas, { $price }
    }
none-left = agotado
seats-left =
    { $count ->
        [one] { $shown } plaza libre
       *[other] { $shown } plazas libres
    }
free-of-charge = gratis
left-from = { $left }, { $price }
seat-is = { $seat }, { $state }
lost-seats = Alguien fue más rápido: { $seats }. Elija de nuevo, por favor.
book = Reservar
pay-amount = Pagar { $amount }
held =
    { $count ->
        [one] { $shown } plaza reservada, { $amount } en total.
       *[other] { $shown } plazas reservadas, { $amount } en total.
    }
time-left = quedan { $time }
time-up = Su tiempo ha terminado, y las plazas vuelven a estar libres para todos. Elija de nuevo, por favor.
proving = Un momento: su dispositivo hace un breve cálculo, para que los programas no puedan reservar todas las plazas.
row-named = Fila { $row } ({ $left })
section-named = { $section } ({ $left })
map-summary = Plano de los asientos. { $sections }.
map-more = y más
seats-not-shown = Ahora mismo no se pueden mostrar los asientos.
not-on-sale = Este evento no está a la venta.

## A booking
your-tickets = Sus entradas
your-booking = Su reserva
booking-code-is = Código de reserva:
booking-code-use = Indíquelo cuando pregunte en taquilla por esta reserva.
booking-canceled = El evento está cancelado.
booking-canceled-more = No se celebra, y estas entradas ya no dan acceso. Lo que ha pagado en línea se le devuelve por el mismo medio de pago; usted no tiene que hacer nada. Si pagó en taquilla o por transferencia, diríjase al organizador.
paid = Pagado: { $amount }.
given-back = Devuelto: { $amount }.
keep-address = Guarde la dirección de esta página y no se la dé a nadie: quien la tenga puede usar sus entradas.
admits-people =
    { $count ->
        [one] Válida para una persona
       *[other] Válida para { $shown } personas
    }
show-ticket = Mostrar la entrada
print-all = Imprimir todas las entradas
as-pdf = en PDF
four-to-a-page = cuatro por página
add-to-calendar = añadir a su calendario
continue-at-bank = Continuar en su banco
booking-paying = El pago todavía no ha terminado: vuelva a mirar en un minuto y no pague por segunda vez.
booking-action-required = Su banco le pide que confirme el pago. Mientras tanto se le guardan las plazas, y no se cobra nada hasta que confirme.
booking-processing = Su banco todavía está tramitando el pago. Sus entradas aparecerán aquí en cuanto termine; no pague por segunda vez.
booking-declined = No hay entradas: el pago fue rechazado, y no se ha cobrado nada. Sus plazas siguen reservadas: pruebe con otra tarjeta en la página del evento.
booking-declined-and-free = No hay entradas: el pago fue rechazado, y no se ha cobrado nada. Sus plazas vuelven a estar libres para todos: elija plazas en la página del evento.
booking-refunding = No hay entradas: no se pudieron emitir, y se le devuelve el dinero.
booking-refunded = No hay entradas: no se pudieron emitir, y se ha devuelto el dinero.
booking-unpaid = No hay entradas: la reserva no se pagó, y no se ha cobrado nada. Elija plazas de nuevo.

## A ticket
ticket-title = Entrada: { $event }
void-transferred = Transferida a otra persona
void-replaced = Sustituida por una entrada más nueva
void-revoked = Anulada por la organización
void-event-canceled = El evento está cancelado
lets-nobody-in = { $why }. Esta entrada ya no da acceso.
live-code = Código QR, nuevo cada diez segundos
live-every = nuevo cada 10 segundos: una foto no abre nada
on-another-phone = Esta entrada está en otro móvil, que muestra su código.
live-needs-script = Esta entrada se muestra en directo, y para eso hace falta JavaScript: permítalo en esta página o pregunte en taquilla.
phone-only = Esta entrada se muestra en directo: su código está en un móvil y cambia cada diez segundos.
phone-needs-script = Para eso hace falta JavaScript: permítalo en esta página o pregunte en taquilla.
paper-until = Desde el { $from } este código ya no abre nada
paper-until-more = ni en papel ni en foto: entonces la entrada se muestra en directo en su móvil. Pásela antes al móvil.
bind-again = Para mostrarla aquí, abra esta página desde la de su reserva, con el móvil que vaya a traer. El código del otro móvil deja entonces de valer; puede hacerlo dos veces, y después le ayuda la taquilla.
bind-first = Abra esta página en el móvil que vaya a traer y pase la entrada a él: su código cambia entonces cada diez segundos y funciona sin red. Cualquier otro código de la entrada, también en papel, deja de valer desde ese momento.
bind = Mostrarla en este móvil
ticket-code = Código de la entrada
cannot-hold-keys = Este navegador no puede crear una clave para la entrada. Actualícelo o abra esta página en la última versión de Chrome, Safari o Firefox de su móvil, no en una ventana privada. Hasta entonces el código en papel sigue igual; en el acceso, pregunte en taquilla.
keeps-no-pages = Este navegador no guarda páginas: tenga red en el acceso o pregunte en taquilla.
page-not-kept = Este navegador no guarda la página: tenga red en el acceso.
page-kept = Guardada en este móvil: funciona sin red.
no-network = No hay red: inténtelo de nuevo cuando la haya.
clock-never-compared = El reloj de este móvil nunca se ha comparado con el nuestro: abra esta página una vez con red.
clock-set-back = El reloj de este móvil se ha atrasado: abra esta página una vez con red.
clock-old =
    { $count ->
        [one] Una hora sin red: funciona igualmente. Si en el acceso le dicen que es una foto, abra esta página una vez con red.
       *[other] { $shown } horas sin red: funciona igualmente. Si en el acceso le dicen que es una foto, abra esta página una vez con red.
    }
clock-behind =
    { $count ->
        [one] El reloj de este móvil va { $shown } minuto atrasado: el código sigue el nuestro.
       *[other] El reloj de este móvil va { $shown } minutos atrasado: el código sigue el nuestro.
    }
clock-ahead =
    { $count ->
        [one] El reloj de este móvil va { $shown } minuto adelantado: el código sigue el nuestro.
       *[other] El reloj de este móvil va { $shown } minutos adelantado: el código sigue el nuestro.
    }

## Tickets to print
print-title = Entradas para imprimir: { $event }
print-help = Imprima esta página: cada entrada va en una hoja propia.
booking-code = Reserva
nothing-to-print = No hay ninguna entrada válida para imprimir.
paper-opens-nothing = Esta entrada se muestra en directo: su código está en el móvil y cambia cada diez segundos. El papel no abre nada: abra la página de la entrada en el móvil que vaya a traer.
paper-live-from = Desde el { $from } este código ya no abre nada: entonces la entrada se muestra en directo en el móvil. Abra antes su página en él.

## All tickets of an address
my-tickets = Mis entradas
link-asked = Si se compraron entradas con esta dirección, un correo con un enlace está en camino. El enlace sirve una vez, durante una hora.
link-asked-more = ¿No ha llegado nada después de unos minutos? Mire en el correo no deseado, o vuelva a pedirlo con la dirección con la que compró.
ask-for-link = Introduzca la dirección con la que compró: recibirá un correo con un enlace a todas sus entradas.
ask-for-proof = Antes de reservar plazas de este evento, su dispositivo hace un breve cálculo, y no ha podido. Pida en su lugar un enlace por correo: ábralo en este navegador, vuelva al evento y reserve de nuevo.
address = Correo electrónico
send-link = Enviarme el enlace
no-mail = Este servidor no envía correos: guarde la dirección de la página de su reserva o pídasela a la organización.
wrong-address = Eso no es un correo electrónico: compruébelo.
link-once = El enlace sirve una vez, en este navegador.
show-my-tickets = Mostrar mis entradas
bought-with = Compradas con
nothing-bought = No se compró nada con esta dirección.
valid-tickets =
    { $count ->
        [one] 1 entrada
       *[other] { $shown } entradas
    }
no-valid-tickets = Ninguna entrada válida
booking-named = reserva { $code }
leave = Salir
leave-everywhere = Salir en todos los navegadores

## Waiting lists
waiting-list = Lista de espera
waiting-list-title = Lista de espera: { $event }
offered =
    { $count ->
        [one] Tiene una plaza reservada hasta el { $until }.
       *[other] Tiene { $shown } plazas reservadas hasta el { $until }.
    }
offered-more = Lo que no tome hasta entonces se ofrece a la siguiente persona.
take-places = Tomar las plazas y pagar
on-list-first = Está en la lista, y no hay nadie antes que usted.
on-list =
    { $count ->
        [one] Está en la lista; hay una persona antes que usted.
       *[other] Está en la lista; hay { $shown } personas antes que usted.
    }
on-list-more = Guarde la dirección de esta página y no se la dé a nadie: las ofertas para usted aparecen aquí.
offer-taken = Ha tomado las plazas que se le ofrecieron. En el navegador que usó, la página del evento lleva a su reserva.
offer-lapsed = Lo que se le ofreció no se tomó a tiempo, y se preguntó a otras personas. Puede volver a apuntarse en la página del evento.
off-list = Ya no está en la lista.

## The waiting room
waiting-room = Sala de espera
waiting-room-title = Sala de espera: { $event }
you-are-next = El siguiente turno es el suyo.
before-you =
    { $count ->
        [one] Hay una persona antes que usted.
       *[other] Hay { $shown } personas antes que usted.
    }
takes-minutes =
    { $count ->
        [one] Falta aproximadamente un minuto.
       *[other] Faltan aproximadamente { $shown } minutos.
    }
takes-hours =
    { $count ->
        [one] Falta aproximadamente una hora.
       *[other] Faltan aproximadamente { $shown } horas.
    }
room-full = Ahora mismo todas las plazas están reservadas o vendidas. Las que no se pagan quedan libres, y entonces la cola avanza.
keep-room-open = Deje esta página abierta: le lleva adelante cuando sea su turno. Entonces tiene diez minutos para elegir sus entradas. Recargar la página, o abrirla por segunda vez en este navegador, no le quita su puesto ni le da otro.
loads-again =
    { $count ->
        [one] Esta página se recarga cada segundo.
       *[other] Esta página se recarga cada { $shown } segundos.
    }
look-now = Mirar ahora
being-drawn = Se está sorteando el orden.
being-drawn-more = Participa en el sorteo, o va justo después de quienes participan.
you-have-joined = Ya está en la cola.
room-opens = La venta empieza el { $opens }.
drawn-among-all = Entonces se sortea el orden entre quienes estén hasta ese momento: no importa cuándo llegó.
joined-so-far =
    { $count ->
        [one] Por ahora hay { $shown } persona.
       *[other] Por ahora hay { $shown } personas.
    }
room-keeps-place = Deje esta página abierta o vuelva a ella en este navegador: le guarda el puesto.
turn-over = Sus diez minutos han terminado.
turn-over-more = Si todavía quiere entradas, vuelva a ponerse en la cola. Lo que reservó o compró sigue siendo suyo.
one-after-other = Muchas personas quieren entradas para este evento, y se entra por turnos.
same-chance = Quien se ponga en la cola antes tiene las mismas posibilidades, llegue cuando llegue.
join-queue = Ponerme en la cola
how-drawn = Cómo se sortea el orden
how-drawn-more = Nadie puede decidir quién va primero, ni la organización ni este servidor por sí solo. Antes de que llegara nadie, el servidor se comprometió con un número secreto. Cuando empieza la venta, publica la lista de quienes están en la cola, y solo entonces se conoce un valor público que nadie podía prever. Número, lista y valor juntos dan el orden.
public-value = Valor público:
commitment = Compromiso:
draw-check = Cualquiera puede volver a calcularlo. El programa { $program } comprueba la lista publicada.
published-list = La lista publicada

## What went wrong
not-found-title = No encontrado
refused-title = Ahora mismo no es posible
our-fault-title = Algo va mal por nuestra parte
